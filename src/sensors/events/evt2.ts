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
import { Evt2Time } from './evt2_time.js';
import { words32 } from './words.js';

// Word types, bits 31..28 (Prophesee EVT 2.0 format description).
const CD_OFF = 0x0;
const CD_ON = 0x1;
const TIME_HIGH = 0x8;
const EXT_TRIGGER = 0xa;
const OTHERS = 0xe;
const CONTINUED = 0xf;

/**
 * EVT 2.0: 32-bit words, one event each: type 4 bits, low time 6 bits, x 11 bits, y 11 bits, the high time in words of
 * its own. Events before the first TIME_HIGH have no time and are skipped.
 */
export class Evt2Decoder implements EventDecoder {
  readonly stampAnchor = 'first';
  readonly origin = 0n;

  readonly #time = new Evt2Time();

  decode(packet: EventPacket, into: EventBuffer): PacketReport {
    const report = emptyReport();
    report.invalid = sizeReason(packet);
    if (report.invalid !== undefined) return report;

    const words = words32(packet.events, packet.is_bigendian);
    const { width, height } = packet;
    const lengthBefore = into.length;
    const timeBefore = this.#time.state;
    into.reserve(words.length);
    const { x: xs, y: ys, polarity: polarities, t: times } = into;
    let count = into.length;
    let highNanoseconds = this.#time.nanoseconds;

    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      const type = word >>> 28;
      if (type === CD_OFF || type === CD_ON) {
        if (!this.#time.isKnown) {
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
        this.#time.update(word & 0x0fffffff, report);
        highNanoseconds = this.#time.nanoseconds;
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
      this.#time.restore(timeBefore);
    }
    report.events = into.length - lengthBefore;
    if (report.events > 0) report.firstTime = into.t[lengthBefore]!;
    return report;
  }

  resynchronise(): void {
    this.#time.resynchronise();
  }
}
