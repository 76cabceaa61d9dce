import type { ParameterDefinition } from './definition.js';
import { modalityParameters } from './modality_parameters.js';
import { nodeParameters } from './node_parameters.js';
import type { ModalityRole } from './topics.js';

/**
 * Every parameter of the node, in the order of the documentation. The one place parameters come from: what is declared,
 * what is accepted, `config/mle_sam.yaml` and the tables in the documentation follow from it.
 * @param modalities - of the model; without any, the parameters that do not depend on a model, such as its folder
 */
export function parameterTable(modalities: readonly ModalityRole[]): ParameterDefinition[] {
  const names = modalities.map(({ name }) => name);
  return [...nodeParameters(names), ...modalities.flatMap(modalityParameters)];
}
