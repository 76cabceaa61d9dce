import type { CameraModel } from '../calibration/index.js';

/**
 * For each pixel of an event sensor (row-major) the index of the grid pixel that looks in the same direction, or -1
 * where that lies outside the grid. The translation between the two cameras is left out, as events have no depth:
 * this is the rotation homography K_grid R K_event^-1, with the lens distortion of both.
 * @param rotation - row-major 3x3, takes directions from the event camera's optical frame to the grid camera's
 */
export function buildEventLookup(events: CameraModel, grid: CameraModel, rotation: ArrayLike<number>): Int32Array {
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = Array.from(rotation) as NineNumbers;
  const lookup = new Int32Array(events.width * events.height).fill(-1);
  const ray = new Float64Array(3);
  const pixel = new Float64Array(2);
  let index = 0;
  for (let v = 0; v < events.height; v++) {
    for (let u = 0; u < events.width; u++, index++) {
      if (!events.unproject(u, v, ray)) continue;
      const x = ray[0]!;
      const y = ray[1]!;
      const z = ray[2]!;
      const ahead = r20 * x + r21 * y + r22 * z;
      if (!(ahead > 0)) continue;
      if (!grid.project(r00 * x + r01 * y + r02 * z, r10 * x + r11 * y + r12 * z, ahead, pixel)) continue;
      const column = Math.floor(pixel[0]! + 0.5);
      const row = Math.floor(pixel[1]! + 0.5);
      if (column >= 0 && column < grid.width && row >= 0 && row < grid.height) {
        lookup[index] = row * grid.width + column;
      }
    }
  }
  return lookup;
}

type NineNumbers = [number, number, number, number, number, number, number, number, number];
