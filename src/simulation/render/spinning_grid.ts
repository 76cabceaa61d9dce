import type { Pose } from '../pose.js';
import { NEAR_PLANE, type RayGrid, type Window } from './ray_grid.js';

/** Rows of rings from high to low, columns from left to right; x forward, z up. */
export class SpinningGrid implements RayGrid {
  readonly width: number;
  readonly height: number;
  readonly directions: RayGrid['directions'];
  readonly pitch: number;
  readonly #elevations: readonly number[];
  /** Azimuth of the first column. */
  readonly #left: number;

  /**
   * @param elevations - one a ring, radians, falling
   * @param sector - horizontal field of view, radians, below pi
   * @param left - azimuth of the first column, radians; by default the sector lies in front
   */
  constructor(elevations: readonly number[], columns: number, sector: number, left = sector / 2) {
    this.#elevations = elevations;
    this.#left = left;
    this.width = columns;
    this.height = elevations.length;
    this.pitch = sector / (columns - 1);
    const count = columns * elevations.length;
    this.directions = { x: new Float32Array(count), y: new Float32Array(count), z: new Float32Array(count) };
    elevations.forEach((elevation, ring) => {
      for (let column = 0; column < columns; column++) {
        const azimuth = this.#left - column * this.pitch;
        const at = ring * columns + column;
        this.directions.x[at] = Math.cos(elevation) * Math.cos(azimuth);
        this.directions.y[at] = Math.cos(elevation) * Math.sin(azimuth);
        this.directions.z[at] = Math.sin(elevation);
      }
    });
  }

  window(corners: Float64Array, pose: Pose, window: Window): boolean {
    const r = pose.rotation;
    const middle = [0, 0, 0];
    for (let i = 0; i < 24; i++) middle[i % 3]! += corners[i]! / 8;
    const x = middle[0]! - pose.x;
    const y = middle[1]! - pose.y;
    const z = middle[2]! - pose.z;
    const radius = Math.hypot(corners[0]! - middle[0]!, corners[1]! - middle[1]!, corners[2]! - middle[2]!);
    const sx = r[0]! * x + r[3]! * y + r[6]! * z;
    const sy = r[1]! * x + r[4]! * y + r[7]! * z;
    const sz = r[2]! * x + r[5]! * y + r[8]! * z;
    const flat = Math.hypot(sx, sy);
    const distance = Math.hypot(flat, sz);
    window.x0 = 0;
    window.x1 = this.width;
    window.y0 = 0;
    window.y1 = this.height;
    window.near = Math.max(NEAR_PLANE, distance - radius);
    if (flat > radius) {
      const azimuth = Math.atan2(sy, sx);
      const spread = Math.asin(radius / flat);
      window.x0 = Math.max(0, Math.floor((this.#left - azimuth - spread) / this.pitch));
      window.x1 = Math.min(this.width, Math.ceil((this.#left - azimuth + spread) / this.pitch) + 1);
    }
    if (distance > radius) {
      const elevation = Math.atan2(sz, flat);
      const spread = Math.asin(radius / distance);
      const e = this.#elevations;
      while (window.y0 < window.y1 && e[window.y0]! > elevation + spread) window.y0++;
      while (window.y1 > window.y0 && e[window.y1 - 1]! < elevation - spread) window.y1--;
    }
    return window.x0 < window.x1 && window.y0 < window.y1;
  }
}
