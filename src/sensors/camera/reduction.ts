/** Most neighbours a reduced pixel is weighed from: the triangle's half width is less than four. */
export const TAPS = 8;
/** Weights are in parts of this, positions between two pixels in 64ths. */
const WEIGHT_ONE = 4096;
const POSITIONS = 64;
/** Cells are averaged as long as the rest is reduced by this at least. */
const GAP = 2;

/** How one axis is reduced: cells of `cell` pixels are averaged, then {@link TAPS} neighbouring cells weighed. */
export interface Reduction {
  /** Pixels before and after. */
  from: number;
  to: number;
  cell: number;
  /** Cells; the last one may be filled up with the last pixel. */
  cells: number;
  /** First cell of each pixel; it may lie outside, where the outermost cells are repeated. */
  starts: Int32Array;
  /** {@link TAPS} for each pixel, in 1/4096. Those of no weight are at the end. */
  weights: Int16Array;
  /** Neighbours that have any weight. */
  taps: number;
}

/**
 * Reduces one axis in the arithmetic of libvips' `vips_resize` with the linear kernel, to the bit, so that raw pictures
 * give the same bytes as compressed ones, which libvips resizes: a box filter by whole numbers first, which leaves a
 * factor of 2 to 4, then a triangle as wide as that factor at each side, with positions in 1/64 and weights cut to 1/4096.
 * @param from - pixels before
 * @param to - pixels after, no more than `from`
 */
export function planReduction(from: number, to: number): Reduction {
  // Two divisions, as sharp hands a scale over to libvips.
  const shrink = to === from ? 1 : 1 / (1 / (from / to));
  const cell = Math.max(1, Math.floor(from / to / GAP));
  const cells = Math.ceil(from / cell);
  const rest = shrink / cell;
  const starts = new Int32Array(to);
  const weights = new Int16Array(to * TAPS);
  if (rest === 1) {
    for (let i = 0; i < to; i++) starts[i] = i;
    for (let i = 0; i < to; i++) weights[i * TAPS] = WEIGHT_ONE;
    return { from, to, cell, cells, starts, weights, taps: 1 };
  }
  const points = 2 * roundHalfToEven(rest) + 1;
  // What is cut off is cut off at both ends alike.
  const invented = (to * shrink - from) / cell;
  const offset = (1 + invented) / 2 - 1;
  const margin = Math.ceil(points / 2) - 1;
  let place = 0.5 * rest - 0.5 - offset;
  let taps = 0;
  for (let i = 0; i < to; i++, place += rest) {
    const whole = Math.trunc(place);
    const part = (Math.trunc(place * POSITIONS * 2) & (POSITIONS * 2 - 1)) + 1;
    const mask = triangle(points, rest, (part >> 1) / POSITIONS);
    const first = mask.findIndex((weight) => weight > 0);
    const used = mask.slice(first, mask.findLastIndex((weight) => weight > 0) + 1);
    starts[i] = whole - margin + first;
    weights.set(used, i * TAPS);
    taps = Math.max(taps, used.length);
  }
  return { from, to, cell, cells, starts, weights, taps };
}

/** Weights of a triangle of half width `rest`, their sum 1, cut to whole 1/4096. */
function triangle(points: number, rest: number, position: number): number[] {
  const half = position + points / 2 - 1;
  const shares = Array.from({ length: points }, (_, i) => Math.max(0, 1 - Math.abs(i - half) / rest));
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => Math.trunc((share / sum) * WEIGHT_ONE));
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
