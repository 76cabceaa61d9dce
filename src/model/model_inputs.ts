import type { AbsentReason, ModelInputs } from '../sync/index.js';
import { type Bundle, type BundleModality, requiredModalities } from './bundle.js';
import { BundleError } from './bundle_error.js';
import type { ModelLack } from './reason.js';

/** What a model takes and needs, by its name. */
export interface ModelNeeds extends ModelInputs {
  model: string;
}

/**
 * What a model takes and what of it must be there. MLE-SAM works from any of its modalities; a network of fixed inputs
 * needs those for which its manifest says that absence is refused.
 */
export function modelNeeds(bundle: Pick<Bundle, 'name' | 'modalities'>): ModelNeeds {
  const modalities = bundle.modalities.map(({ name }) => name);
  return { model: bundle.name, modalities, required: requiredModalities(bundle) };
}

/**
 * What a model that makes no mask lacks.
 * @param absence - why a modality is not there; undefined where it is
 */
export function lackOf(
  { model, modalities, required }: ModelNeeds,
  absence: (modality: string) => AbsentReason | undefined,
): ModelLack {
  const missing = (names: readonly string[]) =>
    names.flatMap((name) => {
      const why = absence(name);
      return why === undefined ? [] : [[name, why] as const];
    });
  const needed = missing(required);
  return needed.length > 0
    ? { model, needs: 'all', missing: needed }
    : { model, needs: 'any', missing: missing(modalities) };
}

/**
 * The modalities of several models together, each named once, the first model's first. A modality is one sensor, whatever
 * each model draws of it; the representation is that of the first which takes it.
 * @param kindOf - which kind of sensor a modality is
 * @throws {BundleError} where one name stands for different kinds of sensors
 */
export function modalitiesOfAll(
  bundles: readonly Pick<Bundle, 'name' | 'modalities'>[],
  kindOf: (modality: BundleModality) => string,
): BundleModality[] {
  const found = new Map<string, { modality: BundleModality; model: string }>();
  for (const { name: model, modalities } of bundles) {
    for (const modality of modalities) {
      const known = found.get(modality.name);
      if (known === undefined) found.set(modality.name, { modality, model });
      else if (kindOf(known.modality) !== kindOf(modality)) {
        throw new BundleError(
          `modality ${modality.name} of ${model}`,
          `a ${kindOf(known.modality)} sensor, as in ${known.model},`,
          `a ${kindOf(modality)} sensor`,
          'Models that stand in for one another share their sensors by name: rename it in one of them.',
        );
      }
    }
  }
  return [...found.values()].map(({ modality }) => modality);
}
