import { isDeepStrictEqual } from 'node:util';
import type { Bundle, BundleModality } from '../model/index.js';
import type { ImageSize } from '../sensors/index.js';

/** What one rig draws. */
export interface RigPlan {
  size: ImageSize;
  /** Modality on whose pixel grid all images lie; it may be none of those that are drawn. */
  reference: BundleModality;
  /** Modalities that are drawn. */
  modalities: BundleModality[];
  inputStatistics: Bundle['inputStatistics'];
  bundles: Bundle[];
}

/**
 * As few rigs as draw the images of all models: models that take the same size and draw the sensors they share in the same
 * way share a rig, and with it every image. All lie on the grid of the primary model's camera; without one, each model's
 * on the grid it has by itself.
 * @param bundles - the primary model first
 */
export function planRigs(bundles: readonly Bundle[]): RigPlan[] {
  const plans: RigPlan[] = [];
  const primary = bundles[0] && referenceOf(bundles[0]);
  for (const bundle of bundles) {
    const reference = primary?.representation.kind === 'rgb' ? primary : referenceOf(bundle);
    const plan = plans.find((candidate) => canShare(candidate, bundle, reference));
    if (plan === undefined) {
      const { input: size, modalities, inputStatistics } = bundle;
      plans.push({ size, reference, modalities: [...modalities], inputStatistics, bundles: [bundle] });
      continue;
    }
    plan.bundles.push(bundle);
    plan.inputStatistics = { ...bundle.inputStatistics, ...plan.inputStatistics };
    for (const modality of bundle.modalities) {
      if (!plan.modalities.some(({ name }) => name === modality.name)) plan.modalities.push(modality);
    }
  }
  return plans;
}

function canShare({ size, reference, modalities }: RigPlan, bundle: Bundle, wanted: BundleModality): boolean {
  return (
    reference.name === wanted.name &&
    isDeepStrictEqual(size, bundle.input) &&
    bundle.modalities.every(({ name, representation }) => {
      const drawn = modalities.find((modality) => modality.name === name);
      return drawn === undefined || isDeepStrictEqual(drawn.representation, representation);
    })
  );
}

/** As a rig chooses it where it is not told. */
function referenceOf({ modalities }: Bundle): BundleModality {
  return modalities.find(({ representation }) => representation.kind === 'rgb') ?? modalities[0]!;
}
