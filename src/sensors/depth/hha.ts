import type { CameraModel, RigidTransform } from '../calibration/index.js';
import { Pool } from '../pool.js';
import { AngleLevels } from './angle_levels.js';
import type { DepthMap } from './depth_map.js';
import { HhaMaps, type HhaView } from './hha_maps.js';

/** Levels 1..255 are for what is known. */
const LEVELS = 254;

/** B of the floor in the published encoder's bytes. */
const PUBLISHED_FLOOR_ANGLE = 38;
/** The published encoder cuts off decimals; a wall's angle of 90 degrees must not become 89 by a rounding error. */
const ROUNDING = 1e-3;

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
  return encode(depth, grid, toBase, { encoding: { kind: 'hha', nearMetres, heightMetres }, angles: ANGLE });
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
  return encode(depth, grid, toBase, { encoding: { kind: 'hha-published' }, angles: PUBLISHED_ANGLE });
}

async function encode(
  depth: DepthMap,
  grid: CameraModel,
  toBase: RigidTransform,
  { encoding, angles }: Pick<HhaView, 'encoding' | 'angles'>,
): Promise<Uint8Array> {
  // Third row of the transform: heights; its rotation part is the base frame's z axis seen by the camera.
  const up = [toBase.rotation[6]!, toBase.rotation[7]!, toBase.rotation[8]!] as const;
  const [cx, cy, cz] = grid.centre;
  const cameraHeight = toBase.translation[2]! + up[0] * cx + up[1] * cy + up[2] * cz;
  const maps = free.take(grid) ?? (await HhaMaps.create(grid));
  const image = await maps.encode(depth, { encoding, angles, up, cameraHeight });
  free.give(grid, maps);
  return image;
}

/** Maps of a grid that no depth map is laid into just now. */
const free = new Pool<CameraModel, HhaMaps>();

function toByte(value: number): number {
  return Math.max(0, Math.min(255, Math.floor(value + ROUNDING)));
}

/** Height in metres onto 1..255, clamped at both ends; 0 is kept for "nothing known". */
export function heightLevel(height: number, [low, high]: readonly [number, number]): number {
  return 1 + Math.round(LEVELS * Math.min(1, Math.max(0, (height - low) / (high - low))));
}
