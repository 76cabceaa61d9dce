import { KernelMemory } from '../../webassembly/index.js';
import type { CameraModel, RigidTransform } from '../calibration/index.js';
import { inSlices } from '../in_slices.js';
import { Pool } from '../pool.js';
import type { DepthMap } from './depth_map.js';
import { PROJECT_KERNEL, type ProjectKernel } from './kernel/project.js';

/** What a depth pixel covers of the grid. */
export interface Splats {
  /** Every so many rows and columns of the depth picture are taken. */
  stride: number;
  /** In grid pixels, of a point that is as far from both cameras. */
  halfWidth: number;
  halfHeight: number;
  /** The most that is of either. */
  mostHalf: number;
}

const POINTS_PER_SLICE = 60_000;
/** Transform, lens, focal lengths and centre, splats. */
const NUMBERS = 32;

/** The depth camera's lens in the frame of the grid camera: it need not be the origin of its own. */
export function lensOnGrid(
  { centre }: CameraModel,
  { rotation, translation }: RigidTransform,
): [number, number, number] {
  const [cx, cy, cz] = centre;
  const along = (axis: 0 | 1 | 2) =>
    translation[axis]! + rotation[3 * axis]! * cx + rotation[3 * axis + 1]! * cy + rotation[3 * axis + 2]! * cz;
  return [along(0), along(1), along(2)];
}

/**
 * Lays a depth picture onto a grid whose lens is a rational one, or none.
 * @param grid - with a `rationalLens`
 * @returns depth along the grid camera's axis; 0 = nothing known
 */
export async function projectByKernel(
  { metres, width, height }: DepthMap,
  depthCamera: CameraModel,
  toGrid: RigidTransform,
  grid: CameraModel,
  { stride, halfWidth, halfHeight, mostHalf }: Splats,
): Promise<Float32Array> {
  const rays = await depthCamera.rays();
  const pool = poolOf(depthCamera);
  const memory = pool.take(grid) ?? new ProjectMemory(rays, grid.width * grid.height);
  const [x, y, z] = lensOnGrid(depthCamera, toGrid);
  const translation = [x - grid.centre[0], y - grid.centre[1], z];
  const { fx, fy, cx, cy } = grid;
  memory.numbers.set([
    ...toGrid.rotation,
    ...translation,
    ...grid.rationalLens!,
    ...[fx, fy, cx, cy],
    ...[halfWidth, halfHeight, mostHalf],
  ]);
  memory.metres.set(metres);
  memory.out.fill(0);
  const places = [memory.metres, memory.rays, memory.numbers].map(({ byteOffset }) => byteOffset);
  const [metresAt, raysAt, numbersAt] = places as [number, number, number];
  const rowsPerSlice = Math.max(1, Math.floor((POINTS_PER_SLICE * stride) / width));
  await inSlices(Math.ceil(height / stride), rowsPerSlice, (from, to) => {
    const last = Math.min(height, to * stride);
    const out = memory.out.byteOffset;
    memory.kernel.projectRows(
      metresAt,
      raysAt,
      numbersAt,
      width,
      from * stride,
      last,
      stride,
      out,
      grid.width,
      grid.height,
    );
  });
  const result = memory.out.slice();
  pool.give(grid, memory);
  return result;
}

/** Memory by depth camera and grid that no picture is laid into just now. */
const free = new WeakMap<CameraModel, Pool<CameraModel, ProjectMemory>>();

function poolOf(depthCamera: CameraModel): Pool<CameraModel, ProjectMemory> {
  const pool = free.get(depthCamera) ?? new Pool<CameraModel, ProjectMemory>();
  free.set(depthCamera, pool);
  return pool;
}

class ProjectMemory {
  readonly kernel: ProjectKernel;
  readonly metres: Float32Array;
  readonly rays: Float32Array;
  readonly numbers: Float64Array;
  readonly out: Float32Array;

  constructor(rays: Float32Array, gridPixels: number) {
    const pixels = rays.length / 3;
    const memory = new KernelMemory(PROJECT_KERNEL, 4 * (4 * pixels + gridPixels) + 8 * NUMBERS);
    this.kernel = memory.kernel;
    this.metres = memory.floats(pixels);
    this.rays = memory.floats(3 * pixels);
    this.numbers = memory.doubles(NUMBERS);
    this.out = memory.floats(gridPixels);
    this.rays.set(rays);
  }
}
