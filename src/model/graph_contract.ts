import type { InferenceSession } from 'onnxruntime-node';
import type { ImageSize } from '../sensors/modality_image.js';
import type { ModelSession } from './providers.js';

/** Feature levels between encoder and head, fine to coarse. */
export const LEVELS = ['features_0', 'features_1', 'features_2'] as const;

/** Type and shape of one input or output; a name stands for a dimension the caller chooses. */
interface Port {
  name: string;
  type: string;
  shape: readonly (number | 'any')[];
}

/**
 * Compares inputs and outputs of both graphs with what every bundle must have.
 * @throws {Error} naming graph, port, expected and received
 */
export function checkGraphs(sessions: { encoder: ModelSession; head: ModelSession }, size: ImageSize): void {
  const features = LEVELS.map((name): Port => ({ name, type: 'float32', shape: ['any', 'any', 'any', 'any'] }));
  checkGraph('encoder', sessions.encoder, { inputs: images(size), outputs: features });
  checkGraph('head', sessions.head, { inputs: features, outputs: masks(size) });
}

/** The same for a graph that holds both. */
export function checkFusedGraph(session: ModelSession, size: ImageSize): void {
  checkGraph('fused graph', session, { inputs: images(size), outputs: masks(size) });
}

function images({ width, height }: ImageSize): Port[] {
  return [
    { name: 'images', type: 'uint8', shape: ['any', height, width, 3] },
    { name: 'modality', type: 'int64', shape: ['any'] },
  ];
}

function masks({ width, height }: ImageSize): Port[] {
  return [
    { name: 'labels', type: 'uint8', shape: [height, width] },
    { name: 'confidence', type: 'uint8', shape: [height, width] },
    { name: 'routing', type: 'float32', shape: ['any', 'any'] },
  ];
}

function checkGraph(
  graph: string,
  session: ModelSession,
  { inputs, outputs }: { inputs: readonly Port[]; outputs: readonly Port[] },
): void {
  for (const port of inputs) checkPort(`input of the ${graph}`, port, session.inputMetadata);
  for (const port of outputs) checkPort(`output of the ${graph}`, port, session.outputMetadata);
}

function checkPort(role: string, port: Port, found: readonly InferenceSession.ValueMetadata[]): void {
  const value = found.find(({ name }) => name === port.name);
  const expected = `${port.name} ${port.type}[${port.shape.join(',')}]`;
  if (!value?.isTensor) {
    const names = found.map(({ name }) => name).join(', ');
    throw new Error(`Expected ${expected} as ${role} but received ${names}`);
  }
  // An exporter that leaves a dimension open is right as long as the run fits: only fixed ones can be wrong.
  const fits =
    value.type === port.type &&
    value.shape.length === port.shape.length &&
    value.shape.every((side, i) => typeof side === 'string' || port.shape[i] === 'any' || port.shape[i] === side);
  if (!fits) throw new Error(`Expected ${expected} as ${role} but received ${value.type}[${value.shape.join(',')}]`);
}
