import { BagWriter, defaultQos } from '../../bags/index.js';
import { encodeMessage } from '../../messages/index.js';
import { DRIVE_START } from '../sensors/rig_capture.js';
import { type DriveDescription, driveSeconds } from './drive_description.js';
import { simulateDrive } from './simulate_drive.js';
import { MESSAGE_TYPES, TOPICS } from './topics.js';

export interface WriteDriveOptions {
  readonly drive: DriveDescription;
  readonly seed: number | string;
  /** Called with the share of the drive that is done, 0..1. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Drives and records a bag.
 * @param path - a file ending in `.mcap`, or a folder
 * @returns how many messages it holds
 */
export async function writeDrive(path: string, options: WriteDriveOptions): Promise<number> {
  const writer = await BagWriter.create(path);
  const nanoseconds = 1e9 * driveSeconds(options.drive);
  let count = 0;
  try {
    // A node that starts later still gets the mounts.
    const latched = { ...defaultQos, durability: 'transient_local', depth: 1 } as const;
    await writer.declareTopic(TOPICS.transforms, MESSAGE_TYPES[TOPICS.transforms], { qos: latched });
    for await (const { topic, type, message, receiveStamp } of simulateDrive(options.drive, options.seed)) {
      await writer.write({ topic, type, data: encodeMessage(type, message), logTime: receiveStamp });
      count++;
      options.onProgress?.(Math.min(1, Number(receiveStamp - DRIVE_START) / nanoseconds));
    }
  } finally {
    await writer.close();
  }
  return count;
}
