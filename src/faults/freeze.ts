import { millisecondsBetween, peekHeader, type RawMessage } from '../messages/index.js';
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
      return stamps === 'fresh' ? underNewStamp(last, message) : { ...last, receiveStamp: message.receiveStamp };
    },
  };
}

/** Content as old as it is told, under the stamps of now; as old as there is where the stream is younger. */
export function createStaleContent({ bySeconds }: { bySeconds: number }): StreamFault {
  const held: RawMessage[] = [];
  const hold = (message: RawMessage): RawMessage => {
    held.push(message);
    const isOldEnough = ({ receiveStamp }: RawMessage) =>
      millisecondsBetween(receiveStamp, message.receiveStamp) >= bySeconds * 1000;
    while (held.length > 1 && isOldEnough(held[1]!)) held.shift();
    return held[0]!;
  };
  return { watch: hold, apply: (message) => underNewStamp(hold(message), message) };
}

/** The content of one message as if it had been sent in place of another. */
function underNewStamp(content: RawMessage, { receiveStamp, ...message }: RawMessage): RawMessage {
  const repeated = { ...content, receiveStamp };
  const header = peekHeader({ receiveStamp, ...message });
  return header.kind === 'header' ? withHeaderStamp(repeated, header.stamp) : repeated;
}
