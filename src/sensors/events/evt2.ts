import type { EventPacket } from '../../messages/types.js';
import type { EventBuffer } from './event_buffer.js';
import {
  cutWordReason,
  type EventDecoder,
  emptyReport,
  foreignReason,
  type PacketReport,
  sizeReason,
} from './event_decoder.js';
import { words32 } from './words.js';

// Word types, bits 31..28 (Prophesee EVT 2.0 format description).
const CD_OFF = 0x0;
const CD_ON = 0x1;
const TIME_HIGH = 0x8;
const EXT_TRIGGER = 0xa;
const OTHERS = 0xe;
const CONTINUED = 0xf;

/** TIME_HIGH has 28 bits and counts units of 64 microseconds: it rolls over every 2^34 microseconds, 4.8 hours. */
const HIGH_RANGE = 2 ** 28;

/**
 * EVT 2.0: 32-bit words, one event each: type 4 bits, low time 6 bits, x 11 bits, y 11 bits, the high time in words of
 * its own. Events before the first TIME_HIGH have no time and are skipped.
 */
export class Evt2Decoder implements EventDecoder {
  readonly stampAnchor = 'first';
  readonly origin = 0n;

  #hasTime = false;
  #high = 0;
  #rollovers = 0;

  decode(packet: EventPacket, into: EventBuffer): PacketReport {
    const report = emptyReport();
    report.invalid = sizeReason(packet);
    if (report.invalid !== undefined) return report;

    const words = words32(packet.events, packet.is_bigendian);
    const { width, height } = packet;
    const lengthBefore = into.length;
    const [rollovers, high] = [this.#rollovers, this.#high];
    into.reserve(words.length);
    const { x: xs, y: ys, polarity: polarities, t: times } = into;
    let count = into.length;
    let highNanoseconds = this.#highNanoseconds();

    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      const type = word >>> 28;
      if (type === CD_OFF || type === CD_ON) {
        if (!this.#hasTime) {
          report.outside++;
          continue;
        }
        const x = (word >>> 11) & 0x7ff;
        const y = word & 0x7ff;
        const t = highNanoseconds + ((word >>> 22) & 0x3f) * 1000;
        report.lastTime = t;
        if (x < width && y < height) {
          xs[count] = x;
          ys[count] = y;
          polarities[count] = type;
          times[count++] = t;
        } else report.outside++;
      } else if (type === TIME_HIGH) {
        const high = word & 0x0fffffff;
        // Half the range apart is a roll-over; less is the clock stepping back a little.
        if (this.#high - high > HIGH_RANGE / 2) this.#rollovers++;
        this.#high = high;
        this.#hasTime = true;
        highNanoseconds = this.#highNanoseconds();
        report.firstTime ??= highNanoseconds;
        report.lastTime = highNanoseconds;
      } else if (type === EXT_TRIGGER) report.triggers++;
      else if (type !== OTHERS && type !== CONTINUED) report.unknownWords++;
    }

    into.length = count;
    report.invalid = cutWordReason(packet, 4);
    const foreign = foreignReason(packet, report.unknownWords, words.length);
    if (foreign !== undefined) {
      report.invalid = foreign;
      into.length = lengthBefore;
      report.firstTime = report.lastTime = undefined;
      [this.#rollovers, this.#high] = [rollovers, high];
      this.resynchronise();
    }
    report.events = into.length - lengthBefore;
    if (report.events > 0) report.firstTime = into.t[lengthBefore]!;
    return report;
  }

  resynchronise(): void {
    this.#hasTime = false;
  }

  #highNanoseconds(): number {
    return (this.#rollovers * HIGH_RANGE + this.#high) * 64_000;
  }
}
