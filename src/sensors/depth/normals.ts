import { KernelMemory } from '../../webassembly/index.js';
import type { CameraModel } from '../calibration/index.js';
import { inRowSlices } from '../in_slices.js';
import type { DepthMap } from './depth_map.js';
import { NORMAL_KERNEL, type NormalKernel } from './kernel/normals.js';

/**
 * Pixels to each side that a plane is fitted to: 25 samples tame the noise, and a pole is still not wider. The kernel's
 * loops are made for it.
 */
const RADIUS = 2;
/** Neighbours whose inverse depth differs by more than this share lie on another surface. */
const SAME_SURFACE = 0.2;
/** Fewer neighbours than this say little about a plane. */
const MIN_SAMPLES = 6;
/** Below this share of its scale the system's determinant means samples on one line. */
const MIN_RELATIVE_DETERMINANT = 1e-9;
const PIXELS_PER_SLICE = 30_000;

/**
 * Surface normals of a depth map, in the camera's optical frame, unit length, facing the camera.
 *
 * On a plane n·X = c, a point X = z·(x, y, 1) on the ray (x, y, 1) has inverse depth 1/z = (n/c)·(x, y, 1): inverse
 * depth is linear in the ray. So a plane w = a·x + b·y + e is fitted by least squares to the inverse depths around a
 * pixel, and (a, b, e) points along the normal, away from the camera. Stereo noise is uniform in inverse depth, which
 * makes this the fit that weighs near and far samples right.
 *
 * @param grid - of the same size as `depth`
 * @returns x, y, z interleaved; 0, 0, 0 where depth or a plane is missing
 */
export async function surfaceNormals(depth: DepthMap, grid: CameraModel): Promise<Float32Array> {
  const { width, height, metres } = depth;
  const maps = await takeMaps(grid);
  maps.setDepth(metres);
  const normals = new Float32Array(width * height * 3);
  await inRowSlices(depth, PIXELS_PER_SLICE, (from, to) => {
    for (let v = from; v < to; v++) normals.set(maps.fitRow(v), v * width * 3);
  });
  giveBack(grid, maps);
  return normals;
}

/** Maps of a grid that no depth map is laid into just now. */
const free = new WeakMap<CameraModel, PaddedMaps[]>();

async function takeMaps(grid: CameraModel): Promise<PaddedMaps> {
  const rays = await grid.rays();
  return free.get(grid)?.pop() ?? new PaddedMaps(grid.width, grid.height, rays);
}

function giveBack(grid: CameraModel, maps: PaddedMaps): void {
  const kept = free.get(grid);
  if (kept === undefined) free.set(grid, [maps]);
  else kept.push(maps);
}

/** Inverse depth and rays in the kernel's memory, as maps with a margin of nothing known around them. */
class PaddedMaps {
  readonly #width: number;
  readonly #height: number;
  /** Pixels of a row with its margins. */
  readonly #pitch: number;
  readonly #kernel: NormalKernel;
  readonly #inverse: Float64Array;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  /** Normals of a row. */
  readonly #row: Float32Array;

  constructor(width: number, height: number, rays: Float32Array) {
    this.#width = width;
    this.#height = height;
    // Pixels are worked off in pairs.
    this.#pitch = width + (width % 2) + 2 * RADIUS;
    const count = this.#pitch * (height + 2 * RADIUS);
    const memory = new KernelMemory(NORMAL_KERNEL, 8 * 3 * count + 4 * 3 * this.#pitch);
    this.#kernel = memory.kernel;
    this.#inverse = memory.doubles(count);
    this.#x = memory.doubles(count);
    this.#y = memory.doubles(count);
    this.#row = memory.floats(3 * width + 3);
    for (let v = 0, i = 0; v < height; v++) {
      for (let u = 0, at = this.#place(v); u < width; u++, i += 3, at++) {
        this.#x[at] = rays[i]!;
        this.#y[at] = rays[i + 1]!;
      }
    }
  }

  setDepth(metres: Float32Array): void {
    for (let v = 0, i = 0; v < this.#height; v++) {
      for (let u = 0, at = this.#place(v); u < this.#width; u++, i++, at++) {
        this.#inverse[at] = metres[i]! > 0 ? Math.fround(1 / metres[i]!) : 0;
      }
    }
  }

  /** @returns x, y, z of each pixel of a row, until the next call */
  fitRow(v: number): Float32Array {
    const first = 8 * this.#place(v);
    const maps = [this.#inverse, this.#x, this.#y].map(({ byteOffset }) => byteOffset + first) as [
      number,
      number,
      number,
    ];
    const { byteOffset } = this.#row;
    const pitch = 8 * this.#pitch;
    this.#kernel.fitRow(...maps, pitch, this.#width, SAME_SURFACE, MIN_SAMPLES, MIN_RELATIVE_DETERMINANT, byteOffset);
    return this.#row.subarray(0, 3 * this.#width);
  }

  /** Index of a row's first pixel. */
  #place(v: number): number {
    return (v + RADIUS) * this.#pitch + RADIUS;
  }
}
