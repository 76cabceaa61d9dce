import type { CameraModel, NineNumbers, RigidTransform } from '../calibration/index.js';
import { inRowSlices, inSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import type { DepthMap } from './depth_map.js';
import { lensOnGrid, projectByKernel, type Splats } from './project_by_kernel.js';

/** A splat never grows beyond this many grid pixels a side: surfaces seen edge-on would smear over the picture. */
const MAX_SPLAT_PIXELS = 9;
/** Depth pixels kept for each grid pixel, along a side: of a much finer picture the rest would be drawn over. */
const SAMPLES_PER_GRID_PIXEL = 1.5;
/** Splats overlap a little, so that rounding leaves no seams between the pixels of one surface. */
const SPLAT_OVERLAP = 1.1;
const POINTS_PER_SLICE = 15_000;
const PIXELS_PER_SLICE = 300_000;

/**
 * Lays a depth picture taken from elsewhere onto the camera's grid: each pixel becomes a point, is moved into the
 * camera's frame and drawn through the camera's lens. A pixel of the depth camera covers as much of the grid as the
 * two cameras' resolutions and distances make it, so that a coarser depth picture leaves no holes. The nearest point
 * wins; points behind the camera or outside the picture are dropped.
 *
 * @param depthCamera - of the same size as `depth`
 * @param toGrid - from the depth camera's optical frame to the grid camera's
 * @param grid - the camera scaled to model size
 * @returns depth along the grid camera's axis; 0 = nothing known
 */
export async function projectDepth(
  depth: DepthMap,
  depthCamera: CameraModel,
  toGrid: RigidTransform,
  grid: CameraModel,
): Promise<DepthMap> {
  const finer = Math.min(depthCamera.fx / grid.fx, depthCamera.fy / grid.fy);
  const stride = Math.max(1, Math.floor(finer / SAMPLES_PER_GRID_PIXEL));
  const splats: Splats = {
    stride,
    halfWidth: (SPLAT_OVERLAP * stride * grid.fx) / depthCamera.fx / 2,
    halfHeight: (SPLAT_OVERLAP * stride * grid.fy) / depthCamera.fy / 2,
    mostHalf: MAX_SPLAT_PIXELS / 2,
  };
  const metres =
    grid.rationalLens === undefined
      ? await projectThrough(depth, depthCamera, toGrid, grid, splats)
      : await projectByKernel(depth, depthCamera, toGrid, grid, splats);
  return { width: grid.width, height: grid.height, metres };
}

/** Point by point, through any lens: what {@link projectByKernel} is held to. */
export async function projectThrough(
  depth: DepthMap,
  depthCamera: CameraModel,
  toGrid: RigidTransform,
  grid: CameraModel,
  splats: Splats,
): Promise<Float32Array> {
  const { stride } = splats;
  const metres = new Float32Array(grid.width * grid.height);
  const rays = await depthCamera.rays();
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = Array.from(toGrid.rotation) as NineNumbers;
  const [tx, ty, tz] = lensOnGrid(depthCamera, toGrid);
  const pixel = new Float64Array(2);
  const rows = Math.ceil(depth.height / stride);
  const rowsPerSlice = Math.max(1, Math.floor((POINTS_PER_SLICE * stride) / depth.width));
  await inSlices(rows, rowsPerSlice, (from, to) => {
    for (let row = from * stride; row < to * stride; row += stride) {
      for (let i = row * depth.width, end = i + depth.width; i < end; i += stride) {
        const d = depth.metres[i]!;
        if (d === 0 || rays[3 * i + 2]! === 0) continue;
        const x = rays[3 * i]! * d;
        const y = rays[3 * i + 1]! * d;
        const z = r20 * x + r21 * y + r22 * d + tz;
        if (!grid.project(r00 * x + r01 * y + r02 * d + tx, r10 * x + r11 * y + r12 * d + ty, z, pixel)) continue;
        const scale = d / z;
        const halfWidth = halfExtent(splats.halfWidth * scale, splats);
        splat(metres, grid, pixel, halfWidth, halfExtent(splats.halfHeight * scale, splats), z);
      }
    }
  });
  return metres;
}

/**
 * Depth that already lies on the camera's picture, brought to the grid: each grid pixel takes the depth pixel under
 * its centre. Depths are never averaged: the mean of a pole and the wall behind it is a place where nothing is.
 */
export async function resampleDepth(depth: DepthMap, { width, height }: ImageSize): Promise<DepthMap> {
  if (depth.width === width && depth.height === height) return depth;
  const metres = new Float32Array(width * height);
  const columns = Uint32Array.from({ length: width }, (_, u) => Math.floor(((u + 0.5) * depth.width) / width));
  await inRowSlices({ width, height }, PIXELS_PER_SLICE, (from, to) => {
    for (let v = from, i = from * width; v < to; v++) {
      const row = Math.floor(((v + 0.5) * depth.height) / height) * depth.width;
      for (let u = 0; u < width; u++, i++) metres[i] = depth.metres[row + columns[u]!]!;
    }
  });
  return { width, height, metres };
}

/** Half a pixel at least, so that the pixel a point falls on is always covered. */
function halfExtent(half: number, { mostHalf }: Splats): number {
  return Math.min(Math.max(half, 0.5), mostHalf);
}

/** Writes `z` to all pixels whose centres lie within the splat, unless something nearer is there. */
function splat(
  metres: Float32Array,
  { width, height }: ImageSize,
  centre: Float64Array,
  halfWidth: number,
  halfHeight: number,
  z: number,
): void {
  const left = Math.max(0, Math.ceil(centre[0]! - halfWidth));
  const right = Math.min(width - 1, Math.floor(centre[0]! + halfWidth));
  const top = Math.max(0, Math.ceil(centre[1]! - halfHeight));
  const bottom = Math.min(height - 1, Math.floor(centre[1]! + halfHeight));
  for (let v = top; v <= bottom; v++) {
    for (let u = left; u <= right; u++) {
      const i = v * width + u;
      const there = metres[i]!;
      if (there === 0 || z < there) metres[i] = z;
    }
  }
}
