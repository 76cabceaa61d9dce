/** For each place of a larger line the two of a smaller one between which it lies. */
export interface Interpolation {
  before: Int32Array;
  after: Int32Array;
  /** Weight of `after`. */
  share: Float32Array;
}

/**
 * Linear interpolation as PyTorch has it with `align_corners=False`: centres of pixels, edges repeated.
 * @param from - places there are
 * @param to - places wanted
 * @param first - the first place wanted, of `count`
 */
export function interpolation(from: number, to: number, first: number, count: number): Interpolation {
  const before = new Int32Array(count);
  const after = new Int32Array(count);
  const share = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const place = Math.max(0, ((first + i + 0.5) * from) / to - 0.5);
    before[i] = Math.min(from - 1, Math.floor(place));
    after[i] = Math.min(from - 1, before[i]! + 1);
    share[i] = place - before[i]!;
  }
  return { before, after, share };
}
