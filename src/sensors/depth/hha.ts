import type { CameraModel, RigidTransform } from '../calibration/index.js';
import { inSlices } from '../in_slices.js';
import { AngleLevels } from './angle_levels.js';
import type { DepthMap } from './depth_map.js';
import { disparityLevel } from './encode_depth.js';
import { surfaceNormals } from './normals.js';

/** Levels 1..255 are for what is known. */
const LEVELS = 254;
const PIXELS_PER_SLICE = 30_000;

/** The published encoder's constants: numerator of the disparity, for depth in centimetres, and B of the floor. */
const PUBLISHED_DISPARITY = 31_000;
const PUBLISHED_FLOOR_ANGLE = 38;
/** The published encoder cuts off decimals; a wall's angle of 90 degrees must not become 89 by a rounding error. */
const ROUNDING = 1e-3;

/** How one pixel is written: depth and height in metres, angle between normal and up. */
interface Channels {
  disparity(depth: number): number;
  height(height: number): number;
  angle: AngleLevels;
}

const ANGLE = new AngleLevels((angle) => 1 + Math.round((LEVELS * angle) / Math.PI));
const PUBLISHED_ANGLE = new AngleLevels((angle) => toByte(PUBLISHED_FLOOR_ANGLE + (180 * angle) / Math.PI));

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
export function encodeHha(
  depth: DepthMap,
  grid: CameraModel,
  toBase: RigidTransform,
  { nearMetres, heightMetres }: { nearMetres: number; heightMetres: readonly [number, number] },
): Promise<Uint8Array> {
  return encode(depth, grid, toBase, {
    disparity: (d) => disparityLevel(d, nearMetres),
    height: (height) => heightLevel(height, heightMetres),
    angle: ANGLE,
  });
}

/**
 * HHA in the bytes of the encoder that made the published HHA pictures of DELIVER, NYU and others (depth2HHA, after
 * Gupta et al. 2014): R = 31000 / depth in centimetres, G = height above the ground in centimetres, B = 38 + angle
 * between normal and up in degrees, each cut to a whole number within 0..255. Floor is 38 in B, walls 128.
 *
 * Ground and up are the base frame's; the original estimates both from the picture.
 * @returns height * width * 3 bytes; 0 in all three = nothing known
 */
export function encodePublishedHha(depth: DepthMap, grid: CameraModel, toBase: RigidTransform): Promise<Uint8Array> {
  return encode(depth, grid, toBase, {
    disparity: (d) => toByte(PUBLISHED_DISPARITY / (100 * d)),
    height: (height) => toByte(100 * height),
    angle: PUBLISHED_ANGLE,
  });
}

async function encode(
  depth: DepthMap,
  grid: CameraModel,
  toBase: RigidTransform,
  { disparity, height, angle }: Channels,
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
      image[j] = disparity(d);
      if (rays[j + 2]! === 0) continue;
      image[j + 1] = height(d * (upX * rays[j]! + upY * rays[j + 1]! + upZ) + cameraHeight);
      const nx = normals[j]!;
      const ny = normals[j + 1]!;
      const nz = normals[j + 2]!;
      if (nx === 0 && ny === 0 && nz === 0) continue;
      image[j + 2] = angle.at(Math.min(1, Math.max(-1, nx * upX + ny * upY + nz * upZ)));
    }
  });
  return image;
}

function toByte(value: number): number {
  return Math.max(0, Math.min(255, Math.floor(value + ROUNDING)));
}

/** Height in metres onto 1..255, clamped at both ends; 0 is kept for "nothing known". */
export function heightLevel(height: number, [low, high]: readonly [number, number]): number {
  return 1 + Math.round(LEVELS * Math.min(1, Math.max(0, (height - low) / (high - low))));
}
