import type { ImageSize } from '../modality_image.js';

/**
 * For each cell of a depth buffer the least depth in the `reach` rows above it, and in those below, in its own column and
 * the two beside. The cell's own row counts for neither: points of one surface share a row where it is seen edge on.
 * @param depths - height * width, row-major; infinite where nothing is
 */
export function nearestAboveAndBelow(
  depths: Float32Array,
  size: ImageSize,
  reach: number,
): { above: Float32Array; below: Float32Array } {
  const wide = leastOfThreeColumns(depths, size);
  return {
    above: leastOfRows(shifted(wide, size, -1), size, 1 - reach),
    below: leastOfRows(shifted(wide, size, 1), size, reach - 1),
  };
}

function leastOfThreeColumns(depths: Float32Array, { width, height }: ImageSize): Float32Array {
  const least = new Float32Array(depths.length);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const left = column > 0 ? depths[at - 1]! : Number.POSITIVE_INFINITY;
      const right = column < width - 1 ? depths[at + 1]! : Number.POSITIVE_INFINITY;
      const own = depths[at]!;
      const beside = left < right ? left : right;
      least[at] = own < beside ? own : beside;
    }
  }
  return least;
}

/** In each row what was `rows` below it; infinite beyond the edge. */
function shifted(depths: Float32Array, { width }: ImageSize, rows: number): Float32Array {
  const moved = new Float32Array(depths.length).fill(Number.POSITIVE_INFINITY);
  if (rows > 0) moved.set(depths.subarray(rows * width));
  else moved.set(depths.subarray(0, depths.length + rows * width), -rows * width);
  return moved;
}

/**
 * Least of each cell's row and the `reach` rows after it, or before it where `reach` is negative. The window doubles in
 * each pass, so that a pass looks at two rows only.
 */
function leastOfRows(depths: Float32Array, { width, height }: ImageSize, reach: number): Float32Array {
  const direction = Math.sign(reach);
  let least = depths;
  for (let covered = 1; covered < Math.abs(reach) + 1; ) {
    const shift = Math.min(covered, Math.abs(reach) + 1 - covered);
    least = leastOfTwoRows(least, width, height, direction * shift);
    covered += shift;
  }
  return least;
}

function leastOfTwoRows(depths: Float32Array, width: number, height: number, shift: number): Float32Array {
  const least = depths.slice();
  const from = Math.max(0, -shift) * width;
  const to = Math.min(height, height - shift) * width;
  for (let at = from, other = from + shift * width; at < to; at++, other++) {
    if (depths[other]! < least[at]!) least[at] = depths[other]!;
  }
  return least;
}
