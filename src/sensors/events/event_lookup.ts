import type { CameraModel, NineNumbers } from '../calibration/index.js';
import { inRowSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';

/** A ray through a distorted lens takes some iterations. */
const RAYS_PER_SLICE = 10_000;

/**
 * Which pixels of an event sensor and of the grid look in the same direction. Where the sensor is finer than the grid,
 * each event is added to the grid pixel its own lies in, and none is lost; where it is coarser, each grid pixel takes
 * what the sensor pixel it lies in has seen, and no holes stay between them.
 */
export type EventLookup = { sensor: ImageSize; grid: ImageSize } & (
  | {
      kind: 'scatter';
      /** For each sensor pixel, row-major, the index of its grid pixel, or -1 outside the grid. */
      gridIndex: Int32Array;
    }
  | {
      kind: 'gather';
      /** For each grid pixel, row-major, the index of its sensor pixel, or -1 outside the sensor. */
      sensorIndex: Int32Array;
    }
);

/**
 * Builds the lookup between an event camera and the grid camera. The translation between the two is left out, as events
 * have no depth: this is the rotation homography K_grid R K_event^-1, with the lens distortion of both.
 * @param rotation - row-major 3x3, takes directions from the event camera's optical frame to the grid camera's
 */
export async function buildEventLookup(
  events: CameraModel,
  grid: CameraModel,
  rotation: ArrayLike<number>,
): Promise<EventLookup> {
  const sizes = { sensor: sizeOf(events), grid: sizeOf(grid) };
  // Focal lengths in pixels are pixels per radian at the centre.
  if (events.fx >= grid.fx) return { kind: 'scatter', ...sizes, gridIndex: await indexMap(events, grid, rotation) };
  return { kind: 'gather', ...sizes, sensorIndex: await indexMap(grid, events, transposed(rotation)) };
}

/** For each pixel of `from` the index of the pixel of `to` that looks in the same direction, or -1. */
async function indexMap(from: CameraModel, to: CameraModel, rotation: ArrayLike<number>): Promise<Int32Array> {
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = Array.from(rotation) as NineNumbers;
  const map = new Int32Array(from.width * from.height).fill(-1);
  const ray = new Float64Array(3);
  const pixel = new Float64Array(2);
  await inRowSlices(from, RAYS_PER_SLICE, (firstRow, endRow) => {
    for (let v = firstRow, index = firstRow * from.width; v < endRow; v++) {
      for (let u = 0; u < from.width; u++, index++) {
        if (!from.unproject(u, v, ray)) continue;
        const x = ray[0]!;
        const y = ray[1]!;
        const z = ray[2]!;
        const ahead = r20 * x + r21 * y + r22 * z;
        if (!to.project(r00 * x + r01 * y + r02 * z, r10 * x + r11 * y + r12 * z, ahead, pixel)) continue;
        const column = Math.floor(pixel[0]! + 0.5);
        const row = Math.floor(pixel[1]! + 0.5);
        if (column >= 0 && column < to.width && row >= 0 && row < to.height) map[index] = row * to.width + column;
      }
    }
  });
  return map;
}

function transposed(r: ArrayLike<number>): number[] {
  return [r[0]!, r[3]!, r[6]!, r[1]!, r[4]!, r[7]!, r[2]!, r[5]!, r[8]!];
}

function sizeOf({ width, height }: ImageSize): ImageSize {
  return { width, height };
}
