import type { Random } from '../random/random.js';
import type { ModalityImage, Representation } from '../sensors/index.js';
import { type Normalisation, normalisationOf, zeroLevels } from './normalisation.js';

/** How noisy each level of the NM protocol is: density of salt and pepper, σ of the Gaussian (arXiv 2503.18445). */
export const NOISE_LEVELS = {
  low: { density: 0.05, sigma: 0.1 },
  mid: { density: 0.1, sigma: 0.2 },
  high: { density: 0.2, sigma: 0.5 },
} as const;

export type NoiseLevel = keyof typeof NOISE_LEVELS;

/** EMM: the whole image is zero after normalisation (see {@link zeroLevels} for how exactly). */
export function zeroFilled(
  image: ModalityImage,
  representation: Representation,
  normalisation?: Normalisation,
): ModalityImage {
  const { bytes } = zeroLevels(representation, normalisation);
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = bytes[i % 3]!;
  return { ...image, data };
}

/** RMM: each element (pixel and channel) is zero after normalisation with probability `rate`. */
export function randomlyZeroed(
  image: ModalityImage,
  representation: Representation,
  rate: number,
  random: Random,
  normalisation?: Normalisation,
): ModalityImage {
  const { bytes } = zeroLevels(representation, normalisation);
  const data = image.data.slice();
  for (let i = 0; i < data.length; i++) if (random.next() < rate) data[i] = bytes[i % 3]!;
  return { ...image, data };
}

/**
 * NM: ceil(d N / 2) of the N elements, drawn with replacement, become the tensor's largest normalised value, then as many
 * its smallest; then Gaussian noise of σ is added to all modalities but events.
 *
 * The protocol does so on floats. Here the sum is made in normalised units and then rounded to the nearest byte, which
 * adds at most half a grey level, and kept within 0..255, which floats are not: `clamped` tells how many elements that
 * met. Under salt it meets a camera's channels whose largest value lies below that of another, and under noise all that
 * is black or white already; for sensors whose "nothing known" is 0 that is most of the picture, and half of its noise
 * is lost. So NM scores of ours are kinder than the protocol's, the more the stronger the noise.
 */
export function noisy(
  image: ModalityImage,
  representation: Representation,
  { density, sigma }: { density: number; sigma: number },
  random: Random,
  { gain, shift }: Normalisation = normalisationOf(representation),
): { image: ModalityImage; clamped: number } {
  const values = Float64Array.from(image.data, (byte, i) => byte * gain[i % 3]! - shift[i % 3]!);
  let largest = -Infinity;
  let smallest = Infinity;
  for (const value of values) {
    if (value > largest) largest = value;
    if (value < smallest) smallest = value;
  }
  const count = Math.ceil((density * values.length) / 2);
  for (let i = 0; i < count; i++) values[random.integer(0, values.length - 1)] = largest;
  for (let i = 0; i < count; i++) values[random.integer(0, values.length - 1)] = smallest;
  const isEvents = representation.kind === 'polarity' || representation.kind === 'counts-recency';
  const data = new Uint8Array(values.length);
  let clamped = 0;
  for (let i = 0; i < data.length; i++) {
    const value = values[i]! + (isEvents ? 0 : sigma * random.gaussian());
    const byte = Math.round((value + shift[i % 3]!) / gain[i % 3]!);
    data[i] = Math.min(255, Math.max(0, byte));
    if (data[i] !== byte) clamped++;
  }
  return { image: { ...image, data }, clamped };
}
