import type { CameraModel } from '../calibration/index.js';

/** Nearer than this, in grid pixels, two pictures taken from one place lie on each other. */
const TOLERANCE_PIXELS = 0.5;
const SAME_PLACE_METRES = 1e-3;

/**
 * Whether two cameras in the same frame make the same picture up to its size, judged by where the corners and the
 * middle of the one appear in the other.
 */
export function sameView(camera: CameraModel, grid: CameraModel): boolean {
  if (camera.centre.some((value, axis) => Math.abs(value - grid.centre[axis]!) > SAME_PLACE_METRES)) return false;
  const scaled = camera.scaledTo(grid);
  const ray = new Float64Array(3);
  const pixel = new Float64Array(2);
  const { width, height } = grid;
  for (const [u, v] of [
    [0, 0],
    [width - 1, 0],
    [0, height - 1],
    [width - 1, height - 1],
    [(width - 1) / 2, (height - 1) / 2],
  ] as const) {
    const [x, y] = grid.centre;
    if (!scaled.unproject(u, v, ray) || !grid.project(ray[0]! + x, ray[1]! + y, ray[2]!, pixel)) return false;
    if (Math.hypot(pixel[0]! - u, pixel[1]! - v) > TOLERANCE_PIXELS) return false;
  }
  return true;
}
