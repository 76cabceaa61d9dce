import type { CameraModel, RigidTransform } from '../calibration/index.js';
import { inSlices } from '../in_slices.js';
import type { DepthMap } from './depth_map.js';
import { disparityLevel } from './encode_depth.js';
import { surfaceNormals } from './normals.js';

/** Levels 1..255 are for what is known. */
const LEVELS = 254;
const PIXELS_PER_SLICE = 30_000;

/**
 * HHA (Gupta et al., "Learning Rich Features from RGB-D Images", 2014): disparity, height, angle.
 * - R: horizontal disparity, 255 · clamp(near / d)
 * - G: height above the base frame's ground plane, `heightMetres` onto 1..255
 * - B: angle between surface normal and up, 0..π onto 1..255: floor 1, walls 128, ceilings 255
 *
 * Up is the base frame's z axis; the original estimates gravity from the picture, a robot knows how its camera is
 * mounted.
 * @param grid - of the same size as `depth`
 * @param toBase - from the grid camera's optical frame to the base frame
 * @returns height * width * 3 bytes; 0 = nothing known
 */
export async function encodeHha(
  depth: DepthMap,
  grid: CameraModel,
  toBase: RigidTransform,
  { nearMetres, heightMetres }: { nearMetres: number; heightMetres: readonly [number, number] },
): Promise<Uint8Array> {
  const { metres } = depth;
  const image = new Uint8Array(metres.length * 3);
  const rays = await grid.rays();
  const normals = await surfaceNormals(depth, grid);
  // Third row of the transform: heights; its rotation part is the base frame's z axis seen by the camera.
  const upX = toBase.rotation[6]!;
  const upY = toBase.rotation[7]!;
  const upZ = toBase.rotation[8]!;
  const [cx, cy, cz] = grid.centre;
  const cameraHeight = toBase.translation[2]! + upX * cx + upY * cy + upZ * cz;
  await inSlices(metres.length, PIXELS_PER_SLICE, (from, to) => {
    for (let i = from, j = 3 * from; i < to; i++, j += 3) {
      const d = metres[i]!;
      if (d === 0) continue;
      image[j] = disparityLevel(d, nearMetres);
      const rayZ = rays[j + 2]!;
      if (rayZ === 0) continue;
      const height = d * (upX * rays[j]! + upY * rays[j + 1]! + upZ) + cameraHeight;
      image[j + 1] = heightLevel(height, heightMetres);
      const nx = normals[j]!;
      const ny = normals[j + 1]!;
      const nz = normals[j + 2]!;
      if (nx === 0 && ny === 0 && nz === 0) continue;
      const cosine = Math.min(1, Math.max(-1, nx * upX + ny * upY + nz * upZ));
      image[j + 2] = 1 + Math.round((LEVELS * Math.acos(cosine)) / Math.PI);
    }
  });
  return image;
}

/** Height in metres onto 1..255, clamped at both ends; 0 is kept for "nothing known". */
export function heightLevel(height: number, [low, high]: readonly [number, number]): number {
  return 1 + Math.round(LEVELS * Math.min(1, Math.max(0, (height - low) / (high - low))));
}
