import { decodeMessage, type EventPacket, encodeMessage, type RawMessage } from '../../../src/messages/index.js';
import { TOWN_TOPICS } from '../../../test/ros/support/town.js';
import { restamped, stampOf } from '../../support/at_rate.js';

/** So many seconds of the sample are played: a thousand steps of the clock in EVT 3 packets. */
export const TOWN_SECONDS = 4.096;
const TOWN_NS = 4_096_000_000n;
/** The next message is so many farther in the recording, so that no two of a second are alike. */
const STRIDE = 7;
/** In EVT 3 time is 24 bits of microseconds, the upper twelve in words of this kind. */
const EVT3_TIME_HIGH = 8;
const EVT3_TIME_HIGH_NS = 4_096_000n;

/**
 * The sample's sensors for ever, without a jump of any clock: pictures and clouds at `rate`, events at their own.
 * @param messages - of the first {@link TOWN_SECONDS}; what is of no sensor comes first, once
 */
export function* endlessTown(messages: readonly RawMessage[], rate: number): Generator<RawMessage> {
  const topics = Object.values<string>(TOWN_TOPICS);
  const known = new Set<string>();
  for (const message of messages) {
    if (topics.includes(message.topic) || known.has(message.topic)) continue;
    known.add(message.topic);
    yield { ...message, receiveStamp: messages[0]!.receiveStamp };
  }
  const streams = topics.map((topic) => {
    const own = messages.filter((message) => message.topic === topic);
    return topic === TOWN_TOPICS.events ? endlessEvents(own) : atRate(own, rate);
  });
  const heads = streams.map((stream) => stream.next().value!);
  for (;;) {
    let first = 0;
    heads.forEach((head, index) => {
      if (head.receiveStamp < heads[first]!.receiveStamp) first = index;
    });
    yield heads[first]!;
    heads[first] = streams[first]!.next().value!;
  }
}

function* atRate(own: readonly RawMessage[], rate: number): Generator<RawMessage, never> {
  const first = own[0]!;
  for (let k = 0; ; k++) {
    const after = BigInt(Math.round((k * 1e9) / rate));
    yield restamped(own[(k * STRIDE) % own.length]!, stampOf(first) + after, first.receiveStamp + after);
  }
}

function* endlessEvents(own: readonly RawMessage[]): Generator<RawMessage, never> {
  for (let k = 0; ; k++) {
    const message = own[k % own.length]!;
    yield eventsMoved(message, BigInt(Math.floor(k / own.length)) * TOWN_NS, BigInt(k));
  }
}

/** The packet as the camera would send it `by` nanoseconds later: its own clock goes on as well. */
function eventsMoved(message: RawMessage, by: bigint, seq: bigint): RawMessage {
  const packet = decodeMessage<EventPacket>(message);
  const events = packet.events.slice();
  if (packet.encoding === 'evt3') moveTimeHigh(events, Number((by / EVT3_TIME_HIGH_NS) % 4096n));
  const moved = {
    ...packet,
    seq,
    time_base: packet.encoding === 'evt3' ? packet.time_base : packet.time_base + by,
    events,
  };
  const data = encodeMessage(message.type, moved);
  return restamped({ ...message, data }, stampOf(message) + by, message.receiveStamp + by);
}

function moveTimeHigh(events: Uint8Array, steps: number): void {
  const words = new DataView(events.buffer, events.byteOffset, events.byteLength);
  for (let at = 0; at + 1 < events.byteLength; at += 2) {
    const word = words.getUint16(at, true);
    if (word >> 12 === EVT3_TIME_HIGH) words.setUint16(at, (EVT3_TIME_HIGH << 12) | ((word + steps) & 0xfff), true);
  }
}
