import type { Pose } from '../pose.js';
import { distort, type Intrinsics, undistort } from './intrinsics.js';
import { NEAR_PLANE, type RayGrid, type Window } from './ray_grid.js';

/** The pixels of a camera, row by row; their rays have z = 1. */
export class PinholeGrid implements RayGrid {
  readonly width: number;
  readonly height: number;
  readonly directions: RayGrid['directions'];
  readonly pitch: number;
  readonly #intrinsics: Intrinsics;
  readonly #reach: number;
  readonly #camera = new Float64Array(24);
  readonly #pixel = new Float64Array(2);

  constructor(intrinsics: Intrinsics) {
    this.#intrinsics = intrinsics;
    this.width = intrinsics.width;
    this.height = intrinsics.height;
    this.pitch = 1 / intrinsics.fx;
    const count = this.width * this.height;
    this.directions = { x: new Float32Array(count), y: new Float32Array(count), z: new Float32Array(count).fill(1) };
    let reach = 0;
    const point = this.#pixel;
    for (let v = 0; v < this.height; v++) {
      for (let u = 0; u < this.width; u++) {
        undistort((u - intrinsics.cx) / intrinsics.fx, (v - intrinsics.cy) / intrinsics.fy, intrinsics, point);
        this.directions.x[v * this.width + u] = point[0]!;
        this.directions.y[v * this.width + u] = point[1]!;
        reach = Math.max(reach, Math.hypot(point[0]!, point[1]!));
      }
    }
    this.#reach = 1.15 * reach;
  }

  window(corners: Float64Array, pose: Pose, window: Window): boolean {
    const camera = this.#camera;
    const r = pose.rotation;
    let near = Number.POSITIVE_INFINITY;
    let far = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 24; i += 3) {
      const x = corners[i]! - pose.x;
      const y = corners[i + 1]! - pose.y;
      const z = corners[i + 2]! - pose.z;
      camera[i] = r[0]! * x + r[3]! * y + r[6]! * z;
      camera[i + 1] = r[1]! * x + r[4]! * y + r[7]! * z;
      const depth = r[2]! * x + r[5]! * y + r[8]! * z;
      camera[i + 2] = depth;
      if (depth < near) near = depth;
      if (depth > far) far = depth;
    }
    if (far < NEAR_PLANE) return false;
    window.x0 = window.y0 = Number.POSITIVE_INFINITY;
    window.x1 = window.y1 = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 8; i++) {
      const z = camera[3 * i + 2]!;
      if (z >= NEAR_PLANE) {
        this.#include(camera[3 * i]! / z, camera[3 * i + 1]! / z, window);
        continue;
      }
      // A corner behind the camera: its edges leave the view through the near plane.
      for (let bit = 1; bit < 8; bit <<= 1) {
        const j = 3 * (i ^ bit);
        const zj = camera[j + 2]!;
        if (zj < NEAR_PLANE) continue;
        const f = (NEAR_PLANE - z) / (zj - z);
        const x = camera[3 * i]! + f * (camera[j]! - camera[3 * i]!);
        const y = camera[3 * i + 1]! + f * (camera[j + 1]! - camera[3 * i + 1]!);
        this.#include(x / NEAR_PLANE, y / NEAR_PLANE, window);
      }
    }
    // Distortion bends the edges between corners: a tenth of the extent is more than it can.
    const marginX = 2 + 0.1 * (window.x1 - window.x0);
    const marginY = 2 + 0.1 * (window.y1 - window.y0);
    window.x0 = Math.max(0, Math.floor(window.x0 - marginX));
    window.y0 = Math.max(0, Math.floor(window.y0 - marginY));
    window.x1 = Math.min(this.width, Math.ceil(window.x1 + marginX) + 1);
    window.y1 = Math.min(this.height, Math.ceil(window.y1 + marginY) + 1);
    window.near = Math.max(NEAR_PLANE, near);
    return window.x0 < window.x1 && window.y0 < window.y1;
  }

  /** Grows the window by a normalised point, which is kept inside the field where the distortion is monotonic. */
  #include(x: number, y: number, window: Window): void {
    const i = this.#intrinsics;
    const pixel = this.#pixel;
    if (Math.hypot(x, y) <= this.#reach) distort(x, y, i, pixel);
    else {
      pixel[0] = Math.min(this.#reach, Math.max(-this.#reach, x));
      pixel[1] = Math.min(this.#reach, Math.max(-this.#reach, y));
    }
    const u = i.fx * pixel[0]! + i.cx;
    const v = i.fy * pixel[1]! + i.cy;
    if (u < window.x0) window.x0 = u;
    if (u > window.x1) window.x1 = u;
    if (v < window.y0) window.y0 = v;
    if (v > window.y1) window.y1 = v;
  }
}
