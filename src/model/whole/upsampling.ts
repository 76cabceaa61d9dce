import type { Upsampling } from './recipe.js';

/** For each place of a larger line the two of a smaller one between which it lies. */
export interface Interpolation {
  before: Int32Array;
  after: Int32Array;
  /** Weight of `after`. */
  share: Float32Array;
}

/**
 * Linear interpolation with repeated edges, as PyTorch and ONNX have it.
 * @param from - places there are
 * @param to - places wanted
 * @param first - the first place wanted, of `count`
 */
export function interpolation(
  from: number,
  to: number,
  first: number,
  count: number,
  upsampling: Upsampling = 'half-pixel',
): Interpolation {
  const before = new Int32Array(count);
  const after = new Int32Array(count);
  const share = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const place = Math.min(from - 1, Math.max(0, placeOf(first + i, from, to, upsampling)));
    before[i] = Math.floor(place);
    after[i] = Math.min(from - 1, before[i]! + 1);
    share[i] = place - before[i]!;
  }
  return { before, after, share };
}

/** Formulas of `coordinate_transformation_mode` in ONNX' Resize. */
function placeOf(wanted: number, from: number, to: number, upsampling: Upsampling): number {
  switch (upsampling) {
    case 'half-pixel':
      return ((wanted + 0.5) * from) / to - 0.5;
    case 'align-corners':
      return to === 1 ? 0 : (wanted * (from - 1)) / (to - 1);
    case 'asymmetric':
      return (wanted * from) / to;
  }
}
