import { lstat, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { BagWriter, defaultQos } from '../../bags/index.js';
import { encodeMessage } from '../../messages/index.js';
import type { Overwriting } from '../../outputs/index.js';
import { DRIVE_START } from '../sensors/rig_capture.js';
import { type DriveDescription, driveSeconds } from './drive_description.js';
import { type DriveMotion, simulateDrive } from './simulate_drive.js';
import { MESSAGE_TYPES, TOPICS } from './topics.js';

export interface WriteDriveOptions {
  readonly drive: DriveDescription;
  readonly seed: number | string;
  /** Default `still`. */
  readonly motion?: DriveMotion;
  /** Called with the share of the drive that is done, 0..1. */
  readonly onProgress?: (share: number) => void;
  /** `own`, the default: nothing is replaced, as a bag does not say whether somebody still wants it. */
  readonly overwriting?: Overwriting;
  /** Ends the drive before its time; what there is by then stays as {@link DriveOutcome.path} says. */
  readonly signal?: AbortSignal;
}

export interface DriveOutcome {
  messages: number;
  /** Where the bag is: where it was to be, or beside, with `partial` in its name, where the drive was cut short. */
  path: string;
}

/**
 * Drives and records a bag. It takes its name only when it is whole; until then, and where the drive is cut short, it is
 * one of its own beside it.
 * @param path - a file ending in `.mcap`, or a folder
 * @throws Error where something is at that path, or at that of the unfinished bag, and may not be replaced; what the
 * drive threw, after the bag was ended
 */
export async function writeDrive(path: string, options: WriteDriveOptions): Promise<DriveOutcome> {
  const partial = path.endsWith('.mcap')
    ? path.replace(/\.mcap$/, '.partial.mcap')
    : `${path.replace(/\/+$/, '')}.partial`;
  for (const place of [path, partial]) await requireFree(place, options.overwriting ?? 'own');
  await rm(partial, { recursive: true, force: true });
  const writer = await BagWriter.create(partial, { name: basename(path) });
  const nanoseconds = 1e9 * driveSeconds(options.drive);
  let messages = 0;
  try {
    // A node that starts later still gets the mounts.
    const latched = { ...defaultQos, durability: 'transient_local', depth: 1 } as const;
    await writer.declareTopic(TOPICS.transforms, MESSAGE_TYPES[TOPICS.transforms], { qos: latched });
    for await (const { topic, type, message, receiveStamp } of simulateDrive(
      options.drive,
      options.seed,
      options.motion,
    )) {
      if (options.signal?.aborted) return { messages, path: partial };
      await writer.write({ topic, type, data: encodeMessage(type, message), logTime: receiveStamp });
      messages++;
      options.onProgress?.(Math.min(1, Number(receiveStamp - DRIVE_START) / nanoseconds));
    }
  } finally {
    await writer.close();
  }
  await rm(path, { recursive: true, force: true });
  await rename(partial, path);
  return { messages, path };
}

async function requireFree(path: string, overwriting: Overwriting): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || overwriting === 'any') return;
  throw new Error(
    `Expected a new path for the bag but there is something at ${path}. Choose another one, or replace it with --force.`,
  );
}
