import { codecFor } from './codec.js';
import type { RawMessage } from './raw_message.js';
import { type Stamp, stampFromTime } from './stamp.js';

/** What {@link peekHeader} found. */
export type HeaderPeek =
  | { kind: 'header'; stamp: Stamp; frameId: string }
  /** The type has no header as its first field; there is nothing to read. */
  | { kind: 'headerless' }
  | { kind: 'malformed'; reason: string };

const textDecoder = new TextDecoder();

/** Encapsulation (4), sec (4), nanosec (4), length of frame_id (4). */
const FIXED_BYTES = 16;

/**
 * Reads a message's `std_msgs/Header` from its CDR bytes, in either byte order, without decoding the rest:
 * synchronisation needs the stamps of all messages, but the contents only of those it chooses. Never throws.
 */
export function peekHeader(raw: RawMessage): HeaderPeek {
  try {
    if (!codecFor(raw).startsWithHeader) return { kind: 'headerless' };
  } catch (error) {
    return { kind: 'malformed', reason: (error as Error).message };
  }
  const { data } = raw;
  if (data.byteLength < FIXED_BYTES) return malformed(raw, `at least ${FIXED_BYTES} bytes`, `${data.byteLength}`);
  const encapsulation = (data[0]! << 8) | data[1]!;
  if (encapsulation > 1) return malformed(raw, 'encapsulation 0 or 1 (plain CDR)', `${encapsulation}`);
  const littleEndian = encapsulation === 1;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const sec = view.getInt32(4, littleEndian);
  const nanosec = view.getUint32(8, littleEndian);
  if (nanosec >= 1e9) return malformed(raw, 'stamp.nanosec below 1000000000', `${nanosec}`);
  const length = view.getUint32(12, littleEndian);
  const left = data.byteLength - FIXED_BYTES;
  if (length > left) return malformed(raw, `frame_id within the ${left} bytes left`, `a length of ${length}`);
  // CDR counts the terminating zero; some writers send an empty string as length 0.
  const text = data.subarray(FIXED_BYTES, FIXED_BYTES + Math.max(0, length - 1));
  return { kind: 'header', stamp: stampFromTime({ sec, nanosec }), frameId: textDecoder.decode(text) };
}

function malformed(raw: RawMessage, expected: string, received: string): HeaderPeek {
  return { kind: 'malformed', reason: `Expected ${expected} in the header of ${raw.topic} but received ${received}` };
}
