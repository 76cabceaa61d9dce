import type { ImageSize } from '../modality_image.js';

/** For each cell of a depth buffer, the least depth above it and below it. */
export interface NearestNeighbours {
  /** At the index of a cell: the least depth above it. */
  least: Float32Array;
  /** The least depth below a cell is so many places further on. */
  toBelow: number;
}

/**
 * For each cell of a depth buffer the least depth in the `reach` rows above it, and in those below, in its own column and
 * the two beside. The cell's own row counts for neither: points of one surface share a row where it is seen edge on.
 * Both are windows of `reach` rows, so that one array holds them.
 * @param depths - height * width, row-major; infinite where nothing is
 */
export function nearestAboveAndBelow(depths: Float32Array, size: ImageSize, reach: number): NearestNeighbours {
  const { width, height } = size;
  // Above the first row and below the last there is nothing.
  const least = new Float32Array((height + reach + 1) * width).fill(Number.POSITIVE_INFINITY);
  leastOfThreeColumns(depths, size, least.subarray(reach * width));
  // The window doubles in each pass, so that a pass looks at two rows only.
  for (let covered = 1; covered < reach; ) {
    const more = Math.min(covered, reach - covered);
    leastOfTwoRows(least, more * width);
    covered += more;
  }
  return { least, toBelow: (reach + 1) * width };
}

function leastOfThreeColumns(depths: Float32Array, { width, height }: ImageSize, least: Float32Array): void {
  for (let row = 0; row < height; row++) {
    const from = row * width;
    let left = Number.POSITIVE_INFINITY;
    let own = depths[from]!;
    for (let at = from; at < from + width - 1; at++) {
      const right = depths[at + 1]!;
      const beside = left < right ? left : right;
      least[at] = own < beside ? own : beside;
      left = own;
      own = right;
    }
    least[from + width - 1] = own < left ? own : left;
  }
}

/** In place: rows further on are read before they are written. */
function leastOfTwoRows(least: Float32Array, distance: number): void {
  for (let at = 0, other = distance; other < least.length; at++, other++) {
    const further = least[other]!;
    if (further < least[at]!) least[at] = further;
  }
}
