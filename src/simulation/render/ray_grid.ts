import type { Pose } from '../pose.js';

/** Column and row range of a grid, ends excluded, and the smallest distance inside it. */
export interface Window {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
  near: number;
}

/**
 * The rays of one sensor in its own frame, row by row. `directions` holds x, y and z planes; their length is the
 * sensor's measure: with z = 1 (cameras) a hit's ray parameter is its depth, with unit length (LiDAR) its range.
 */
export interface RayGrid {
  readonly width: number;
  readonly height: number;
  readonly directions: { readonly x: Float32Array; readonly y: Float32Array; readonly z: Float32Array };
  /** Angle between neighbouring rays, radians. */
  readonly pitch: number;
  /**
   * Finds which rays can meet a convex body.
   * @param corners - 8 corners as xyz triples, world frame; two corners share an edge if their indices differ in one bit
   * @returns whether any ray can
   */
  window(corners: Float64Array, pose: Pose, window: Window): boolean;
}

/** Pinhole camera with plumb_bob distortion, as `sensor_msgs/msg/CameraInfo` describes it. */
export interface Intrinsics {
  readonly width: number;
  readonly height: number;
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
  /** k1, k2, p1, p2, k3 */
  readonly distortion: readonly [number, number, number, number, number];
}

const NEAR_PLANE = 0.1;

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

/** Rows of rings from high to low, columns from left to right; x forward, z up. */
export class SpinningGrid implements RayGrid {
  readonly width: number;
  readonly height: number;
  readonly directions: RayGrid['directions'];
  readonly pitch: number;
  readonly #elevations: readonly number[];
  readonly #halfSector: number;

  /**
   * @param elevations - one a ring, radians, falling
   * @param sector - horizontal field of view in front, radians, below pi
   */
  constructor(elevations: readonly number[], columns: number, sector: number) {
    this.#elevations = elevations;
    this.#halfSector = sector / 2;
    this.width = columns;
    this.height = elevations.length;
    this.pitch = sector / (columns - 1);
    const count = columns * elevations.length;
    this.directions = { x: new Float32Array(count), y: new Float32Array(count), z: new Float32Array(count) };
    elevations.forEach((elevation, ring) => {
      for (let column = 0; column < columns; column++) {
        const azimuth = this.#halfSector - column * this.pitch;
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
      window.x0 = Math.max(0, Math.floor((this.#halfSector - azimuth - spread) / this.pitch));
      window.x1 = Math.min(this.width, Math.ceil((this.#halfSector - azimuth + spread) / this.pitch) + 1);
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

/** plumb_bob (Brown-Conrady) on the normalised plane, as OpenCV and ROS define it. */
export function distort(x: number, y: number, i: Intrinsics, out: Float64Array): void {
  const [k1, k2, p1, p2, k3] = i.distortion;
  const r2 = x * x + y * y;
  const radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3));
  out[0] = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x);
  out[1] = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y;
}

/** Inverse of `distort` by fixed-point iteration, which converges for the slight distortion of the rig. */
export function undistort(xd: number, yd: number, i: Intrinsics, out: Float64Array): void {
  let x = xd;
  let y = yd;
  const steps = i.distortion.some((coefficient) => coefficient !== 0) ? 20 : 0;
  for (let step = 0; step < steps; step++) {
    distort(x, y, i, out);
    x += xd - out[0]!;
    y += yd - out[1]!;
  }
  out[0] = x;
  out[1] = y;
}
