import type { ImageSize } from '../sensors/modality_image.js';

/**
 * Resizes a map of class ids to another size by nearest neighbour: the one way labels are resized in this project.
 *
 * Convention: pixel centres. Target pixel x covers the source at (x + 0.5) * from.width / to.width, and takes the
 * source pixel that point lies in, computed in integers. This is Pillow's `NEAREST` and OpenCV's
 * `INTER_NEAREST_EXACT`; OpenCV's plain `INTER_NEAREST` and PyTorch's `nearest` take the pixel's corner instead and
 * shift labels by up to half a source pixel. A centre exactly between two source pixels takes the later one (the
 * rounding errors of Pillow and OpenCV take either).
 *
 * @param labels - `from.height * from.width` class ids, row-major
 * @returns `to.height * to.width` class ids; a new array even when the sizes are equal
 * @throws RangeError when `labels` does not have the size `from`, or a size is not positive
 */
export function resizeLabelsNearest(labels: Uint8Array, from: ImageSize, to: ImageSize): Uint8Array {
  for (const [name, size] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (!(Number.isInteger(size.width) && Number.isInteger(size.height) && size.width > 0 && size.height > 0)) {
      throw new RangeError(`Expected a positive size for ${name} but received ${size.width}x${size.height}`);
    }
  }
  if (labels.length !== from.width * from.height) {
    throw new RangeError(
      `Expected ${from.width * from.height} labels for ${from.width}x${from.height} pixels but received ${labels.length}`,
    );
  }
  if (from.width === to.width && from.height === to.height) return labels.slice();
  const columns = nearestIndices(from.width, to.width);
  const rows = nearestIndices(from.height, to.height);
  const resized = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const target = y * to.width;
    // Enlarged, most rows are that above: copying one is ten times as fast as picking its pixels.
    if (y > 0 && rows[y] === rows[y - 1]) {
      resized.copyWithin(target, target - to.width, target);
      continue;
    }
    const row = rows[y]! * from.width;
    for (let x = 0; x < to.width; x++) resized[target + x] = labels[row + columns[x]!]!;
  }
  return resized;
}

/** For each target index the source index whose cell holds the target's centre: floor((2 i + 1) from / (2 to)). */
function nearestIndices(from: number, to: number): Uint32Array {
  const indices = new Uint32Array(to);
  for (let i = 0; i < to; i++) indices[i] = Math.floor(((2 * i + 1) * from) / (2 * to));
  return indices;
}
