import type { RawMessage } from '../../src/messages/index.js';
import { TOWN_TOPICS } from '../../test/ros/support/town.js';

type Modality = keyof typeof TOWN_TOPICS;

const RECORDED_HZ = 10;
/** Above the recorded rate messages come in steps of so many, which visits all of forty before one comes again. */
const STRIDE = 7;

/**
 * The sample's messages with pictures and clouds at another rate. Events keep their own; mounts and CameraInfo of all
 * cameras stay.
 * @param sensors - whose messages are kept
 * @param seconds - how long the messages last
 */
export function atRate(
  messages: readonly RawMessage[],
  sensors: readonly Modality[],
  rate: number,
  seconds: number,
): RawMessage[] {
  const topics = Object.values<string>(TOWN_TOPICS);
  const result = messages.filter(({ topic }) => !topics.includes(topic));
  for (const sensor of sensors) {
    const own = messages.filter(({ topic }) => topic === TOWN_TOPICS[sensor]);
    if (sensor === 'events' || rate === RECORDED_HZ) {
      result.push(...own);
      continue;
    }
    const [first] = own;
    const from = first!.receiveStamp - messages[0]!.receiveStamp;
    const count = Math.floor((seconds - Number(from) / 1e9) * rate);
    for (let k = 0; k < count; k++) {
      const source = own[(rate < RECORDED_HZ ? Math.round((k * RECORDED_HZ) / rate) : k * STRIDE) % own.length]!;
      const after = BigInt(Math.round((k * 1e9) / rate));
      result.push(restamped(source, stampOf(first!) + after, first!.receiveStamp + after));
    }
  }
  return result.sort((a, b) => (a.receiveStamp < b.receiveStamp ? -1 : a.receiveStamp > b.receiveStamp ? 1 : 0));
}

/** Of the header, which every CDR message with one begins with. */
export function stampOf({ data }: RawMessage): bigint {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return BigInt(view.getInt32(4, true)) * 1_000_000_000n + BigInt(view.getUint32(8, true));
}

export function restamped(message: RawMessage, stamp: bigint, receiveStamp: bigint): RawMessage {
  const data = message.data.slice();
  const view = new DataView(data.buffer);
  view.setInt32(4, Number(stamp / 1_000_000_000n), true);
  view.setUint32(8, Number(stamp % 1_000_000_000n), true);
  return { ...message, data, receiveStamp };
}
