import { peekHeader, type RawMessage } from '../messages/index.js';
import type { StreamFault } from './fault.js';
import { withHeaderStamp } from './header_stamp.js';

/**
 * The last message again and again, at the sensor's pace: under new stamps (a driver that hands out one buffer), or
 * under its old one (a driver that hangs). Before the first message there is nothing to repeat.
 */
export function createFreeze({ stamps }: { stamps: 'fresh' | 'stuck' }): StreamFault {
  let last: RawMessage | undefined;
  return {
    watch(message) {
      last = message;
    },
    apply(message) {
      last ??= message;
      const repeated = { ...last, receiveStamp: message.receiveStamp };
      const header = peekHeader(message);
      return stamps === 'fresh' && header.kind === 'header' ? withHeaderStamp(repeated, header.stamp) : repeated;
    },
  };
}
