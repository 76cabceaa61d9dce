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

// Word types, bits 15..12 (Prophesee EVT 3.0 format description).
const ADDR_Y = 0x0;
const ADDR_X = 0x2;
const VECT_BASE_X = 0x3;
const VECT_12 = 0x4;
const VECT_8 = 0x5;
const TIME_LOW = 0x6;
const CONTINUED_4 = 0x7;
const TIME_HIGH = 0x8;
const EXT_TRIGGER = 0xa;
const OTHERS = 0xe;
const CONTINUED_12 = 0xf;

/**
 * Lucid's cameras fill their buffers up with this word. Its type, 0x9, is none of EVT 3.0's, so that it cannot be a
 * word of the stream.
 */
const PADDING = 0x9999;

const ROLLOVER_MICROSECONDS = 2 ** 24;
/** TIME_HIGH may step back a little without a roll-over; the tolerance is that of event_camera_codecs. */
const HIGH_JITTER = 10;
/** The most events one word can hold, and how many words are decoded before room is made again. */
const EVENTS_PER_WORD = 12;
const WORDS_PER_BLOCK = 4096;

/**
 * EVT 3.0: 16-bit words that each update a part of the state (row, column, time). Where known decoders differ this one
 * does as event_camera_codecs: a TIME_HIGH and after it a TIME_LOW must have come before the first event, TIME_HIGH
 * keeps the old low bits, ADDR_X leaves the vector base alone, events outside the sensor are dropped. Unlike it, a
 * word of undefined type is counted and skipped instead of ending the decoding, and padding is not even counted.
 */
export class Evt3Decoder implements EventDecoder {
  readonly stampAnchor = 'first';
  readonly origin = 0n;

  #hasTime = false;
  #hasRow = true;
  #rollover = 0;
  #high = 0;
  #low = 0;
  #y = 0;
  #baseX = 0;
  #basePolarity = 0;

  decode(packet: EventPacket, into: EventBuffer): PacketReport {
    const report = emptyReport();
    report.invalid = sizeReason(packet);
    if (report.invalid !== undefined) return report;

    const words = words16(packet.events, packet.is_bigendian);
    const lengthBefore = into.length;
    const [rollover, high] = [this.#rollover, this.#high];
    let start = this.#hasTime ? 0 : this.#findTime(words, report);
    let problem = cutWordReason(packet, 2);
    while (start < words.length) {
      if (into.length - lengthBefore > MAX_EVENTS_PER_PACKET) {
        problem = tooManyReason(packet);
        this.resynchronise();
        break;
      }
      const end = Math.min(start + WORDS_PER_BLOCK, words.length);
      into.reserve((end - start) * EVENTS_PER_WORD);
      this.#decodeBlock(words, start, end, packet.width, packet.height, into, report);
      start = end;
    }

    const foreign = foreignReason(packet, report.unknownWords, words.length);
    if (foreign !== undefined) {
      problem = foreign;
      into.length = lengthBefore;
      report.firstTime = report.lastTime = undefined;
      [this.#rollover, this.#high] = [rollover, high];
      this.resynchronise();
    }
    report.invalid = problem;
    report.events = into.length - lengthBefore;
    if (report.events > 0) report.firstTime = into.t[lengthBefore]!;
    return report;
  }

  resynchronise(): void {
    this.#hasTime = false;
    this.#hasRow = false;
  }

  /** Skips to the word after the first TIME_LOW that follows a TIME_HIGH. */
  #findTime(words: Uint16Array, report: PacketReport): number {
    let highSeen = false;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      if (word >>> 12 === TIME_HIGH) {
        this.#updateHigh(word & 0xfff);
        highSeen = true;
      } else if (word >>> 12 === TIME_LOW && highSeen) {
        this.#low = word & 0xfff;
        this.#hasTime = true;
        report.firstTime = report.lastTime = this.#nanoseconds();
        return i + 1;
      }
    }
    return words.length;
  }

  #decodeBlock(
    words: Uint16Array,
    start: number,
    end: number,
    width: number,
    height: number,
    into: EventBuffer,
    report: PacketReport,
  ): void {
    const { x: xs, y: ys, polarity: polarities, t: times } = into;
    let count = into.length;
    let y = this.#y;
    let rowUsable = this.#hasRow && y < height;
    let baseX = this.#baseX;
    let basePolarity = this.#basePolarity;
    let t = this.#nanoseconds();
    let outside = 0;

    for (let i = start; i < end; i++) {
      const word = words[i]!;
      switch (word >>> 12) {
        case ADDR_X: {
          const x = word & 0x7ff;
          if (rowUsable && x < width) {
            xs[count] = x;
            ys[count] = y;
            polarities[count] = (word >>> 11) & 1;
            times[count++] = t;
          } else outside++;
          break;
        }
        case VECT_12:
        case VECT_8: {
          const lanes = word >>> 12 === VECT_12 ? 12 : 8;
          let valid = word & ((1 << lanes) - 1);
          if (!rowUsable || baseX >= width) {
            outside += countBits(valid);
            valid = 0;
          }
          while (valid !== 0) {
            const lowest = valid & -valid;
            const x = baseX + 31 - Math.clz32(lowest);
            valid ^= lowest;
            if (rowUsable && x < width) {
              xs[count] = x;
              ys[count] = y;
              polarities[count] = basePolarity;
              times[count++] = t;
            } else outside++;
          }
          baseX += lanes;
          break;
        }
        case VECT_BASE_X:
          baseX = word & 0x7ff;
          basePolarity = (word >>> 11) & 1;
          break;
        case ADDR_Y:
          y = word & 0x7ff;
          this.#hasRow = true;
          rowUsable = y < height;
          break;
        case TIME_LOW:
          this.#low = word & 0xfff;
          t = this.#nanoseconds();
          report.firstTime ??= t;
          report.lastTime = t;
          break;
        case TIME_HIGH:
          this.#updateHigh(word & 0xfff);
          t = this.#nanoseconds();
          break;
        case EXT_TRIGGER:
          report.triggers++;
          break;
        case OTHERS:
        case CONTINUED_4:
        case CONTINUED_12:
          break;
        default:
          if (word !== PADDING) report.unknownWords++;
      }
    }

    if (count > into.length) report.lastTime = Math.max(report.lastTime ?? 0, times[count - 1]!);
    report.outside += outside;
    into.length = count;
    this.#y = y;
    this.#baseX = baseX;
    this.#basePolarity = basePolarity;
  }

  #updateHigh(high: number): void {
    if (this.#high - high > HIGH_JITTER) this.#rollover += ROLLOVER_MICROSECONDS;
    this.#high = high;
  }

  #nanoseconds(): number {
    return (this.#rollover + this.#high * 4096 + this.#low) * 1000;
  }
}

/** Of at most 12 bits. */
function countBits(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x555);
  const fours = (pairs & 0x333) + ((pairs >>> 2) & 0x333);
  return (fours & 0xf) + ((fours >>> 4) & 0xf) + (fours >>> 8);
}
