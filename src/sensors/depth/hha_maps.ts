import { KernelMemory } from '../../webassembly/index.js';
import type { CameraModel } from '../calibration/index.js';
import { inRowSlices } from '../in_slices.js';
import { type AngleLevels, TABLE_LENGTH } from './angle_levels.js';
import type { DepthMap } from './depth_map.js';
import { HHA_KERNEL, type HhaKernel } from './kernel/hha.js';

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
const PIXELS_PER_SLICE = 40_000;
/** Numbers of a pair of pixels in the kernel's map of planes, and rows of its sums over columns. */
const PLANE_NUMBERS = 10;
const COLUMN_ROWS = 5;

/** How pixels are written, and where up is, seen by the grid's camera. */
export interface HhaView {
  encoding: { kind: 'hha'; nearMetres: number; heightMetres: readonly [number, number] } | { kind: 'hha-published' };
  angles: AngleLevels;
  /** Unit vector. */
  up: readonly [number, number, number];
  /** Of the lens, in metres above the ground. */
  cameraHeight: number;
}

/**
 * HHA of depth maps on one grid, in the kernel's memory.
 *
 * On a plane n·X = c, a point X = z·(x, y, 1) on the ray (x, y, 1) has inverse depth 1/z = (n/c)·(x, y, 1): inverse
 * depth is linear in the ray. So a plane w = a·x + b·y + e is fitted by least squares to the inverse depths around a
 * pixel, and (a, b, e) points along the normal, away from the camera. Stereo noise is uniform in inverse depth, which
 * makes this the fit that weighs near and far samples right.
 *
 * Where all neighbours lie on the pixel's own surface, most of the fit depends on the grid alone and the rest is sums over
 * rows and columns; elsewhere sums are taken sample by sample.
 */
export class HhaMaps {
  readonly #grid: CameraModel;
  readonly #kernel: HhaKernel;
  readonly #metres: Float32Array;
  readonly #image: Uint8Array;
  readonly #steps: Int16Array;
  readonly #open: Float64Array;
  #angles: AngleLevels | undefined;

  private constructor(grid: CameraModel, rays: Float32Array) {
    const { width, height } = grid;
    // Pixels are worked off in pairs.
    const pairs = Math.ceil(width / 2);
    const pitch = 2 * pairs + 2 * RADIUS;
    const pixels = width * height;
    const mapped = pitch * (height + 2 * RADIUS);
    const planes = PLANE_NUMBERS * pairs * height;
    const doubles = planes + COLUMN_ROWS * pitch + 2 * width;
    const memory = new KernelMemory(
      HHA_KERNEL,
      8 * doubles + 4 * (pixels + 3 * mapped) + 4 * pixels + 2 * TABLE_LENGTH,
    );
    this.#grid = grid;
    this.#kernel = memory.kernel;
    this.#metres = memory.floats(pixels);
    const inverse = memory.floats(mapped);
    const rayX = memory.floats(mapped);
    const rayY = memory.floats(mapped);
    const rayKnown = memory.bytes(pixels);
    this.#image = memory.bytes(3 * pixels);
    this.#steps = memory.shortNumbers(TABLE_LENGTH);
    this.#open = memory.doubles(2 * width);
    for (let v = 0, i = 0; v < height; v++) {
      for (let u = 0, at = (v + RADIUS) * pitch + RADIUS; u < width; u++, i++, at++) {
        rayX[at] = rays[3 * i]!;
        rayY[at] = rays[3 * i + 1]!;
        rayKnown[i] = rays[3 * i + 2]! === 0 ? 0 : 1;
      }
    }
    this.#kernel.setUp(
      width,
      pitch,
      this.#metres.byteOffset,
      inverse.byteOffset,
      rayX.byteOffset,
      rayY.byteOffset,
      rayKnown.byteOffset,
      memory.doubles(planes).byteOffset,
      memory.doubles(COLUMN_ROWS * pitch).byteOffset,
      this.#steps.byteOffset,
      this.#image.byteOffset,
      this.#open.byteOffset,
    );
  }

  static async create(grid: CameraModel): Promise<HhaMaps> {
    const maps = new HhaMaps(grid, await grid.rays());
    await inRowSlices(grid, PIXELS_PER_SLICE, (from, to) => {
      for (let v = from; v < to; v++) maps.#kernel.preparePlanes(v, MIN_RELATIVE_DETERMINANT);
    });
    return maps;
  }

  /** @returns height * width * 3 bytes, which are the caller's; 0 = nothing known */
  async encode({ metres }: DepthMap, { encoding, angles, up, cameraHeight }: HhaView): Promise<Uint8Array> {
    const kernel = this.#kernel;
    const [low, high] = encoding.kind === 'hha' ? encoding.heightMetres : [0, 0];
    const near = encoding.kind === 'hha' ? encoding.nearMetres : 0;
    if (this.#angles !== angles) {
      this.#angles = angles;
      this.#steps.set(angles.table);
    }
    this.#metres.set(metres);
    kernel.setView(encoding.kind === 'hha' ? 0 : 1, near, low, high, ...up, cameraHeight);
    for (let v = 0; v < this.#grid.height; v++) kernel.invertRow(v);
    await inRowSlices(this.#grid, PIXELS_PER_SLICE, (from, to) => {
      for (let v = from; v < to; v++) {
        const opened = kernel.encodeRow(v, SAME_SURFACE, MIN_SAMPLES, MIN_RELATIVE_DETERMINANT);
        for (let i = 0; i < 2 * opened; i += 2) {
          this.#image[3 * this.#open[i]! + 2] = angles.levelOf(Math.acos(this.#open[i + 1]!));
        }
      }
    });
    return this.#image.slice();
  }
}
