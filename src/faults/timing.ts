import { millisecondsBetween, peekHeader, type RawMessage, type Stamp } from '../messages/index.js';
import type { FaultParts, StreamFault } from './fault.js';
import { withHeaderStamp } from './header_stamp.js';

const NANOSECONDS_PER_MILLISECOND = 1e6;

/** Messages arrive later by a constant time; their stamps stay true. */
export function createDelay({ byMs }: { byMs: number }): StreamFault {
  return { apply: (message) => later(message, message.receiveStamp + nanoseconds(byMs)) };
}

/**
 * Messages arrive at uneven times, or are stamped unevenly. A topic keeps its order in transport: nothing overtakes.
 */
export function createJitter(
  { byMs, of }: { byMs: number; of: 'arrival' | 'stamp' },
  { random }: FaultParts,
): StreamFault {
  if (of === 'stamp') {
    return { apply: (message) => shifted(message, nanoseconds(random.range(-byMs, byMs))) };
  }
  let newest: Stamp | undefined;
  return {
    apply(message) {
      const drawn = message.receiveStamp + nanoseconds(random.range(0, byMs));
      newest = newest !== undefined && newest > drawn ? newest : drawn;
      return later(message, newest);
    },
  };
}

/** `header.stamp` is wrong by a constant: an unsynchronised clock, or one that jumps where all sensors have it. */
export function createStampOffset({ offsetMs }: { offsetMs: number }): StreamFault {
  return { apply: (message) => shifted(message, nanoseconds(offsetMs)) };
}

/** `header.stamp` moves away from the true time: a clock that runs too fast, or where negative too slowly. */
export function createStampDrift({ msPerSecond }: { msPerSecond: number }): StreamFault {
  let start: Stamp | undefined;
  return {
    apply(message) {
      start ??= message.receiveStamp;
      const seconds = millisecondsBetween(start, message.receiveStamp) / 1000;
      return shifted(message, nanoseconds(seconds * msPerSecond));
    },
  };
}

function later(message: RawMessage, receiveStamp: Stamp): RawMessage {
  return { ...message, receiveStamp };
}

function shifted(message: RawMessage, by: Stamp): RawMessage {
  const header = peekHeader(message);
  return header.kind === 'header' ? withHeaderStamp(message, header.stamp + by) : message;
}

function nanoseconds(ms: number): Stamp {
  return BigInt(Math.round(ms * NANOSECONDS_PER_MILLISECOND));
}
