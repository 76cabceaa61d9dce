import { BagWriter } from '../../../src/bags/index.js';
import { tinyDrive } from '../../support/tiny_rig.js';

/** A bag of the tiny rig. */
export async function writeTinyBag(path: string, seconds: number): Promise<string> {
  const writer = await BagWriter.create(path);
  for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds })) {
    await writer.write({ topic, type, data, logTime: receiveStamp });
  }
  await writer.close();
  return path;
}
