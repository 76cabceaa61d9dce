import type { EventPacket } from '../../messages/index.js';
import { words16 } from '../../sensors/events/words.js';
import { coarse, type EventEdit } from './event_edit.js';

// Word types, bits 15..12 (Prophesee EVT 3.0 format description).
const ADDR_Y = 0x0;
const ADDR_X = 0x2;
const VECT_BASE_X = 0x3;
const VECT_12 = 0x4;
const VECT_8 = 0x5;
const ON = 0x800;
const COORDINATE = 0x7ff;

/**
 * Changes EVT 3.0 words. Vectors become single columns, as they cannot be coarse. Row and vector base live across
 * packets, so each changed packet ends with words that leave the reader where the sensor's own words would have.
 */
export class Evt3Editor {
  #row = 0;
  #baseX = 0;
  #polarity = 0;

  edit(packet: EventPacket, { factor, spurious }: EventEdit): Uint8Array {
    // The row this packet goes on in was changed by the packet before only as long as that packet lasted.
    const words: number[] = factor > 1 ? [coarse(this.#row, factor)] : [];
    for (const word of words16(packet.events, packet.is_bigendian)) {
      switch (word >>> 12) {
        case ADDR_Y:
          this.#row = word & COORDINATE;
          words.push((word & ~COORDINATE) | coarse(this.#row, factor));
          break;
        case ADDR_X:
          words.push((word & ~COORDINATE) | coarse(word & COORDINATE, factor));
          break;
        case VECT_BASE_X:
          this.#baseX = word & COORDINATE;
          this.#polarity = word & ON;
          break;
        case VECT_12:
        case VECT_8:
          this.#expand(word, word >>> 12 === VECT_12 ? 12 : 8, factor, words);
          break;
        default:
          words.push(word);
      }
    }
    for (const { x, y, on } of spurious(packet)) words.push(y, (ADDR_X << 12) | (on ? ON : 0) | x);
    words.push(this.#row, (VECT_BASE_X << 12) | this.#polarity | (this.#baseX & COORDINATE));
    return bytesOf(words, packet.is_bigendian);
  }

  #expand(word: number, lanes: 8 | 12, factor: number, words: number[]): void {
    for (let lane = 0; lane < lanes; lane++) {
      const x = this.#baseX + lane;
      if (((word >>> lane) & 1) === 1 && x <= COORDINATE) {
        words.push((ADDR_X << 12) | this.#polarity | coarse(x, factor));
      }
    }
    this.#baseX += lanes;
  }
}

function bytesOf(words: readonly number[], bigEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(words.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint16(2 * i, word, !bigEndian);
  return bytes;
}
