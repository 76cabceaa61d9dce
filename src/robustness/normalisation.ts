import type { Bundle } from '../model/index.js';
import type { Representation } from '../sensors/index.js';

/**
 * What a bundle's encoder does to a byte before anything else: value * gain - shift, per channel. It happens inside the
 * graph, so that only bytes can be given to it from here. The constants are those of `training/mle_sam_train`: ImageNet's
 * for cameras, 1 / 255 for everything else.
 */
export interface Normalisation {
  gain: readonly [number, number, number];
  shift: readonly [number, number, number];
}

const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
const IMAGENET_STD = [0.229, 0.224, 0.225] as const;

export function normalisationOf({ kind }: Pick<Representation, 'kind'>): Normalisation {
  if (kind !== 'rgb') return { gain: [1 / 255, 1 / 255, 1 / 255], shift: [0, 0, 0] };
  const each = (value: (i: 0 | 1 | 2) => number) => [value(0), value(1), value(2)] as const;
  return {
    gain: each((i) => 1 / (255 * IMAGENET_STD[i])),
    shift: each((i) => IMAGENET_MEAN[i] / IMAGENET_STD[i]),
  };
}

/**
 * The same of a network of another make, as its bundle says; one that takes bytes normalises inside, by what is usual.
 * @param modality - of the bundle
 */
export function normalisationIn(
  { files, modalities }: Pick<Bundle, 'files' | 'modalities'>,
  modality: string,
): Normalisation {
  const { representation } = modalities.find(({ name }) => name === modality)!;
  const input = files.kind === 'whole' ? files.recipe.inputs.find((one) => one.modality === modality) : undefined;
  if (input === undefined || input.type === 'uint8') return normalisationOf(representation);
  const { scale, mean, std } = input;
  return {
    gain: [scale / std[0], scale / std[1], scale / std[2]],
    shift: [mean[0] / std[0], mean[1] / std[1], mean[2] / std[2]],
  };
}

/**
 * The bytes nearest to zero after normalisation, and how far from it they are.
 *
 * Exact (residual 0) for all representations but `rgb`: they are divided by 255 only, so that byte 0 is zero. A camera's
 * mean is 123.675, 116.28, 103.53, which no byte is: 124, 116, 104 leave 0.0056, -0.0049 and 0.0082 standard deviations
 * everywhere, at most half of what one grey level is worth. Published figures zero the float tensor; ours differ from
 * them by what so faint an even picture does.
 */
export function zeroLevels(
  representation: Representation,
  { gain, shift }: Normalisation = normalisationOf(representation),
): {
  bytes: readonly [number, number, number];
  residual: readonly [number, number, number];
} {
  const byte = (i: 0 | 1 | 2) => Math.min(255, Math.max(0, Math.round(shift[i] / gain[i])));
  const bytes = [byte(0), byte(1), byte(2)] as const;
  const left = (i: 0 | 1 | 2) => bytes[i] * gain[i] - shift[i];
  return { bytes, residual: [left(0), left(1), left(2)] };
}
