import type { EventPacket } from '../../messages/types.js';
import type { EventBuffer } from './event_buffer.js';
import {
  cutWordReason,
  type EventDecoder,
  emptyReport,
  foreignReason,
  MAX_EVENTS_PER_PACKET,
  type PacketReport,
  sizeReason,
  tooManyReason,
} from './event_decoder.js';
import { words16 } from './words.js';

// Word types, bits 15..12. Column first: a libcaer sensor reads out columns where an EVT3 one reads rows.
const TIME_HIGH = 0x0;
const TIME_LOW = 0x1;
const ADDR_X = 0x2;
const ADDR_Y = 0x3;
const VECT_BASE_Y = 0x4;
const VECT_8 = 0x5;
const VECT_12 = 0x6;

const EVENTS_PER_WORD = 12;
const WORDS_PER_BLOCK = 4096;

/**
 * `libcaer_cmp`: the libcaer events packed into 16-bit words. Time is microseconds since the packet's `time_base`
 * (which is in nanoseconds) and starts at 0 in each packet; column and vector base continue across packets.
 */
export class LibcaerCmpDecoder implements EventDecoder {
  readonly stampAnchor = 'last';
  #origin: bigint | undefined;
  #hasColumn = true;
  #x = 0;
  #baseY = 0;
  #basePolarity = 0;
  #high = 0;
  #low = 0;

  get origin(): bigint {
    return this.#origin ?? 0n;
  }

  decode(packet: EventPacket, into: EventBuffer): PacketReport {
    const report = emptyReport();
    report.invalid = sizeReason(packet);
    if (report.invalid !== undefined) return report;

    this.#origin ??= packet.time_base;
    this.#high = 0;
    this.#low = 0;
    const base = Number(packet.time_base - this.#origin);
    const words = words16(packet.events, packet.is_bigendian);
    const lengthBefore = into.length;
    report.firstTime = report.lastTime = base;
    let problem = cutWordReason(packet, 2);
    for (let start = 0; start < words.length; start += WORDS_PER_BLOCK) {
      if (into.length - lengthBefore > MAX_EVENTS_PER_PACKET) {
        problem = tooManyReason(packet);
        break;
      }
      const block = words.subarray(start, start + WORDS_PER_BLOCK);
      into.reserve(block.length * EVENTS_PER_WORD);
      this.#decodeBlock(block, base, packet.width, packet.height, into, report);
    }

    const foreign = foreignReason(packet, report.unknownWords, words.length);
    if (foreign !== undefined) {
      problem = foreign;
      into.length = lengthBefore;
      report.firstTime = report.lastTime = undefined;
      this.resynchronise();
    }
    report.invalid = problem;
    report.events = into.length - lengthBefore;
    return report;
  }

  resynchronise(): void {
    this.#hasColumn = false;
  }

  #decodeBlock(
    words: Uint16Array,
    base: number,
    width: number,
    height: number,
    into: EventBuffer,
    report: PacketReport,
  ): void {
    const { x: xs, y: ys, polarity: polarities, t: times } = into;
    let count = into.length;
    let t = base + (this.#high + this.#low) * 1000;

    for (const word of words) {
      switch (word >>> 12) {
        case TIME_HIGH:
          this.#high = (word & 0xfff) * 4096;
          t = base + (this.#high + this.#low) * 1000;
          break;
        case TIME_LOW:
          this.#low = word & 0xfff;
          t = base + (this.#high + this.#low) * 1000;
          break;
        case ADDR_X:
          this.#x = word & 0x7ff;
          this.#hasColumn = true;
          break;
        case ADDR_Y: {
          const y = word & 0x7ff;
          if (this.#hasColumn && this.#x < width && y < height) {
            xs[count] = this.#x;
            ys[count] = y;
            polarities[count] = (word >>> 11) & 1;
            times[count++] = t;
          } else report.outside++;
          break;
        }
        case VECT_BASE_Y:
          this.#baseY = word & 0x7ff;
          this.#basePolarity = (word >>> 11) & 1;
          break;
        case VECT_8:
        case VECT_12: {
          const lanes = word >>> 12 === VECT_12 ? 12 : 8;
          let valid = word & ((1 << lanes) - 1);
          while (valid !== 0) {
            const lowest = valid & -valid;
            const y = this.#baseY + 31 - Math.clz32(lowest);
            valid ^= lowest;
            if (this.#hasColumn && this.#x < width && y < height) {
              xs[count] = this.#x;
              ys[count] = y;
              polarities[count] = this.#basePolarity;
              times[count++] = t;
            } else report.outside++;
          }
          this.#baseY += lanes;
          break;
        }
        default:
          report.unknownWords++;
      }
    }
    report.lastTime = t;
    into.length = count;
  }
}
