import type { EventPacket } from '../../messages/types.js';
import type { EventBuffer } from './event_buffer.js';
import { cutWordReason, type EventDecoder, emptyReport, type PacketReport, sizeReason } from './event_decoder.js';
import { words32 } from './words.js';

/** Time stamps are non-negative 32-bit integers of microseconds: they roll over every 2^31, 36 minutes. */
const ROLLOVER_MICROSECONDS = 2 ** 31;

/**
 * `libcaer`: records of {uint32 data, int32 microseconds}; data bit 1 polarity, 2..16 y, 17..31 x. `time_base` holds
 * the bits above the roll-over, so that only a roll-over inside a packet must be found here.
 */
export class LibcaerDecoder implements EventDecoder {
  readonly stampAnchor = 'last';
  #origin: bigint | undefined;

  get origin(): bigint {
    return this.#origin ?? 0n;
  }

  decode(packet: EventPacket, into: EventBuffer): PacketReport {
    const report = emptyReport();
    report.invalid = sizeReason(packet);
    if (report.invalid !== undefined) return report;

    this.#origin ??= packet.time_base;
    let base = Number(packet.time_base - this.#origin);
    const words = words32(packet.events, packet.is_bigendian);
    const { width, height } = packet;
    const lengthBefore = into.length;
    into.reserve(words.length >>> 1);
    const { x: xs, y: ys, polarity: polarities, t: times } = into;
    let count = lengthBefore;
    let previous = 0;

    for (let i = 0; i + 1 < words.length; i += 2) {
      const data = words[i]!;
      const microseconds = words[i + 1]! & 0x7fffffff;
      // Half the range back is a roll-over; less is two events out of order, which must not move all others.
      if (previous - microseconds > ROLLOVER_MICROSECONDS / 2) base += ROLLOVER_MICROSECONDS * 1000;
      previous = microseconds;
      const x = data >>> 17;
      const y = (data >>> 2) & 0x7fff;
      const t = base + microseconds * 1000;
      report.firstTime ??= t;
      report.lastTime = t;
      if (x < width && y < height) {
        xs[count] = x;
        ys[count] = y;
        polarities[count] = (data >>> 1) & 1;
        times[count++] = t;
      } else report.outside++;
    }
    into.length = count;
    report.events = count - lengthBefore;
    report.invalid = cutWordReason(packet, 8);
    return report;
  }

  /** Nothing to do: each packet states its own time base. */
  resynchronise(): void {}
}
