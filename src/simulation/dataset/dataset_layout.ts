import { join } from 'node:path';
import { Random } from '../../random/random.js';
import type { Representation } from '../../sensors/index.js';
import { CONDITIONS, type Condition, FAILURES, type Failure } from '../conditions.js';
import { CHALLENGE_FAILURES, createLook, type Look, type Variety } from '../variety/look.js';

export const DATASET_SIZE = { width: 320, height: 192 } as const;

export interface DatasetModality {
  readonly name: string;
  readonly folder: string;
  readonly suffix: string;
  readonly representation: Representation;
}

/** Modalities with the folder and file suffix DELIVER gives them. */
export const DATASET_MODALITIES: readonly DatasetModality[] = [
  { name: 'camera', folder: 'img', suffix: 'rgb', representation: { kind: 'rgb' } },
  {
    name: 'depth',
    folder: 'hha',
    suffix: 'hha',
    representation: { kind: 'hha', nearMetres: 2, heightMetres: [-1, 7] },
  },
  {
    name: 'events',
    folder: 'event',
    suffix: 'event',
    representation: { kind: 'counts-recency', windowMs: 40, countScale: 64 },
  },
  {
    name: 'lidar',
    folder: 'lidar',
    suffix: 'lidar',
    representation: { kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-1, 7], dilation: 1 },
  },
];

export const SPLITS = ['train', 'val', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** One frame of the data set: which world it shows, when, and how. */
export interface FramePlan {
  readonly split: Split;
  readonly condition: Condition;
  readonly failure: Failure | undefined;
  readonly worldSeed: string;
  /** How the scene differs from a plain one. */
  readonly look?: Look;
  /** Names the rig it is seen from; without one the plain rig. */
  readonly rigSeed?: string;
  /** Seconds since the drive through that world began. */
  readonly time: number;
  readonly map: number;
  readonly point: number;
  readonly frame: number;
}

/** Frames of one drive, so far apart that each shows other things. */
const FRAMES_PER_WORLD = 3;
const SECONDS_BETWEEN_FRAMES = 1.6;
/** How long a drive through one world lasts at most. */
export const WORLD_SECONDS: number = (FRAMES_PER_WORLD - 1) * SECONDS_BETWEEN_FRAMES + 1;
/** Drives in sequence that share a rig: setting one up costs as much as half a frame. */
const DRIVES_PER_RIG = 40;
/** Share of the drives in which one sensor fails, as in DELIVER (700 of 1897 test frames). */
const FAILURE_SHARE = 0.3;

/**
 * All frames of a split: conditions in equal parts, three frames from each world, failures in some. Worlds are named
 * after their split, so that no split ever shows another's. The plan of a larger set begins with that of a smaller one.
 * Of a `wide` plan each drive has a look of its own, a quarter of them none: those are the same as in a plain one.
 */
export function planFrames(
  split: Split,
  count: number,
  seed: number | string,
  variety: Variety = 'plain',
): FramePlan[] {
  return Array.from({ length: count }, (_, index) => {
    const drive = Math.floor(index / FRAMES_PER_WORLD);
    const random = new Random(seed, split, 'plan', drive);
    const start = random.range(0.1, 0.6);
    const plainFailure = random.chance(FAILURE_SHARE) ? random.pick(FAILURES) : undefined;
    const worldSeed = `${seed}/${split}/${drive}`;
    const condition = CONDITIONS[drive % CONDITIONS.length]!;
    const look = createLook(variety, condition, worldSeed);
    const challenge = look?.challenge;
    const failure = challenge === undefined ? plainFailure : random.pick(CHALLENGE_FAILURES[challenge]);
    return {
      split,
      condition,
      failure,
      worldSeed,
      ...(look !== undefined && { look, rigSeed: `${seed}/${split}/${Math.floor(drive / DRIVES_PER_RIG)}` }),
      time: start + (index % FRAMES_PER_WORLD) * SECONDS_BETWEEN_FRAMES,
      map: 1 + Math.floor(drive / 100),
      point: 1 + (drive % 100),
      frame: index,
    };
  });
}

/** Path of one of a frame's pictures below the data set's root. */
export function framePath(plan: FramePlan, folder: string, suffix: string): string {
  const place = `MAP_${plan.map}_point${plan.point}${plan.failure === undefined ? '' : `_${plan.failure}`}`;
  const name = `${String(plan.frame).padStart(6, '0')}_${suffix}_front.png`;
  return join(folder, plan.condition, plan.split, place, name);
}
