import type { ScoreVolume } from './rows.js';

/**
 * Scores of all classes from queries, as MaskFormer and Mask2Former combine them: the sum over the queries of class
 * probability times mask probability, without the last class, which stands for no object.
 * @param classes - logits [queries, classes + 1]
 * @param masks - logits [queries, height, width]
 */
export function scoresOfQueries(
  classes: ArrayLike<number>,
  masks: ArrayLike<number>,
  { queries, width, height }: { queries: number; width: number; height: number },
): ScoreVolume {
  const all = classes.length / queries;
  const channels = all - 1;
  const pixels = width * height;
  const data = new Float32Array(channels * pixels);
  const mask = new Float32Array(pixels);
  for (let q = 0; q < queries; q++) {
    const probabilities = softmax(classes, q * all, all);
    for (let i = 0; i < pixels; i++) mask[i] = 1 / (1 + Math.exp(-masks[q * pixels + i]!));
    for (let c = 0; c < channels; c++) addScaled(data, c * pixels, mask, probabilities[c]!);
  }
  return { data, width, height, channels, layout: 'CHW' };
}

function softmax(logits: ArrayLike<number>, from: number, count: number): Float32Array {
  const values = Float32Array.from({ length: count }, (_, i) => logits[from + i]!);
  const largest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] = Math.exp(values[i]! - largest);
  return values.map((value) => value / sum);
}

/** Shares too small to turn any pixel are left out: most queries speak of one class only. */
function addScaled(data: Float32Array, at: number, mask: Float32Array, share: number): void {
  if (share < 1e-6) return;
  for (let i = 0; i < mask.length; i++) data[at + i] = data[at + i]! + share * mask[i]!;
}
