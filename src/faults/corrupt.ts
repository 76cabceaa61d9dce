import type { FaultParts, StreamFault } from './fault.js';

/** Bytes with one flipped among them, where bytes are flipped. */
const BYTES_PER_FLIP = 64;

/**
 * Messages that are not what they claim to be. `truncate` cuts them off at a random place; `flip-bytes` changes one
 * byte in 64, the header's and the lengths' included.
 */
export function createCorrupt(
  { share, how }: { share: number; how: 'truncate' | 'flip-bytes' },
  { random }: FaultParts,
): StreamFault {
  return {
    apply(message) {
      if (!random.chance(share)) return message;
      const { data } = message;
      if (how === 'truncate') return { ...message, data: data.slice(0, random.integer(0, data.length - 1)) };
      const flipped = data.slice();
      for (let i = Math.ceil(data.length / BYTES_PER_FLIP); i > 0; i--) {
        flipped[random.integer(0, data.length - 1)]! ^= random.integer(1, 255);
      }
      return { ...message, data: flipped };
    },
  };
}
