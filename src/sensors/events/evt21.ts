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
import { Evt2Time } from './evt2_time.js';
import { words32 } from './words.js';

// Word types, bits 63..60 (Prophesee EVT 2.1 format description); those of EVT 2.0.
const EVENTS_OFF = 0x0;
const EVENTS_ON = 0x1;
const TIME_HIGH = 0x8;
const EXT_TRIGGER = 0xa;
const OTHERS = 0xe;
const CONTINUED = 0xf;
const TYPES: readonly number[] = [EVENTS_OFF, EVENTS_ON, TIME_HIGH, EXT_TRIGGER, OTHERS, CONTINUED];

/** The most events one word can hold, and how many words are decoded before room is made again. */
const EVENTS_PER_WORD = 32;
const WORDS_PER_BLOCK = 2048;
/** Words looked at to find out which half of them comes first. */
const WORDS_LOOKED_AT = 512;

/**
 * EVT 2.1: 64-bit words of up to 32 events in a row: type 4 bits, low time 6 bits, x of the first 11 bits, y 11 bits,
 * and one bit for each of 32 pixels.
 */
export class Evt21Decoder implements EventDecoder {
  readonly stampAnchor = 'first';
  readonly origin = 0n;

  readonly #time = new Evt2Time();
  /** Which of a word's two 32-bit halves holds type, time and place. */
  #upperHalf: 0 | 1 | undefined;

  decode(packet: EventPacket, into: EventBuffer): PacketReport {
    const report = emptyReport();
    report.invalid = sizeReason(packet);
    if (report.invalid !== undefined) return report;

    const halves = words32(packet.events, packet.is_bigendian);
    const words = Math.floor(halves.length / 2);
    const lengthBefore = into.length;
    const timeBefore = this.#time.state;
    this.#upperHalf ??= upperHalf(halves, words);
    let problem = cutWordReason(packet, 8);
    for (let from = 0; from < words; from += WORDS_PER_BLOCK) {
      if (into.length - lengthBefore > MAX_EVENTS_PER_PACKET) {
        problem = tooManyReason(packet);
        this.resynchronise();
        break;
      }
      const to = Math.min(words, from + WORDS_PER_BLOCK);
      into.reserve((to - from) * EVENTS_PER_WORD);
      this.#decodeBlock(halves, from, to, packet, into, report);
    }

    const foreign = foreignReason(packet, report.unknownWords, words);
    if (foreign !== undefined) {
      problem = foreign;
      into.length = lengthBefore;
      report.firstTime = report.lastTime = undefined;
      this.#time.restore(timeBefore);
      this.#upperHalf = undefined;
    }
    report.invalid = problem;
    report.events = into.length - lengthBefore;
    if (report.events > 0) report.firstTime = into.t[lengthBefore]!;
    return report;
  }

  resynchronise(): void {
    this.#time.resynchronise();
  }

  #decodeBlock(
    halves: Uint32Array,
    from: number,
    to: number,
    { width, height }: EventPacket,
    into: EventBuffer,
    report: PacketReport,
  ): void {
    const { x: xs, y: ys, polarity: polarities, t: times } = into;
    const upperAt = this.#upperHalf ?? 1;
    let count = into.length;
    for (let i = from; i < to; i++) {
      const upper = halves[2 * i + upperAt]!;
      const type = upper >>> 28;
      if (type === EVENTS_OFF || type === EVENTS_ON) {
        let valid = halves[2 * i + 1 - upperAt]!;
        const baseX = (upper >>> 11) & 0x7ff;
        const y = upper & 0x7ff;
        const t = this.#time.nanoseconds + ((upper >>> 22) & 0x3f) * 1000;
        const isUsable = this.#time.isKnown && y < height;
        if (this.#time.isKnown) report.lastTime = t;
        while (valid !== 0) {
          const lowest = valid & -valid;
          const x = baseX + 31 - Math.clz32(lowest);
          valid ^= lowest;
          if (isUsable && x < width) {
            xs[count] = x;
            ys[count] = y;
            polarities[count] = type;
            times[count++] = t;
          } else report.outside++;
        }
      } else if (type === TIME_HIGH) this.#time.update(upper & 0x0fffffff, report);
      else if (type === EXT_TRIGGER) report.triggers++;
      else if (!TYPES.includes(type)) report.unknownWords++;
    }
    into.length = count;
  }
}

/**
 * Whole 64-bit words are little-endian on a GenX320, lower half first; an IMX636 sends the upper half first. A TIME_HIGH
 * gives it away: its lower half is unused, and 0.
 * @returns the index of the half with the type; undefined before a word of time, without which no event has a time
 */
function upperHalf(halves: Uint32Array, words: number): 0 | 1 | undefined {
  const times = [0, 0] as [number, number];
  for (let i = 0; i < Math.min(words, WORDS_LOOKED_AT); i++) {
    const [first, second] = [halves[2 * i]!, halves[2 * i + 1]!];
    if (first >>> 28 === TIME_HIGH && second === 0) times[0]++;
    if (second >>> 28 === TIME_HIGH && first === 0) times[1]++;
  }
  if (times[0] === times[1]) return undefined;
  return times[0] > times[1] ? 0 : 1;
}
