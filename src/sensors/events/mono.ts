import type { EventPacket } from '../../messages/types.js';
import type { EventBuffer } from './event_buffer.js';
import { cutWordReason, type EventDecoder, emptyReport, type PacketReport, sizeReason } from './event_decoder.js';
import { words32 } from './words.js';

/**
 * `mono`: 64-bit records; bits 0..31 nanoseconds since the packet's `time_base`, 32..47 x, 48..62 y, 63 polarity
 * (README of event_camera_msgs). Each record stands alone, so there is no state but the origin.
 */
export class MonoDecoder implements EventDecoder {
  readonly stampAnchor = 'first';
  #origin: bigint | undefined;

  get origin(): bigint {
    return this.#origin ?? 0n;
  }

  decode(packet: EventPacket, into: EventBuffer): PacketReport {
    const report = emptyReport();
    report.invalid = sizeReason(packet);
    if (report.invalid !== undefined) return report;

    this.#origin ??= packet.time_base;
    const base = Number(packet.time_base - this.#origin);
    const { records, lowWord, highWord } = records64(packet);
    const { width, height } = packet;
    const lengthBefore = into.length;
    into.reserve(records.length / 2);
    const { x: xs, y: ys, polarity: polarities, t: times } = into;
    let count = lengthBefore;
    report.firstTime = report.lastTime = base;

    for (let i = 0; i < records.length; i += 2) {
      const high = records[i + highWord]!;
      const x = high & 0xffff;
      const y = (high >>> 16) & 0x7fff;
      const t = base + records[i + lowWord]!;
      report.lastTime = t;
      if (x < width && y < height) {
        xs[count] = x;
        ys[count] = y;
        polarities[count] = high >>> 31;
        times[count++] = t;
      } else report.outside++;
    }
    into.length = count;
    report.events = count - lengthBefore;
    report.invalid = cutWordReason(packet, 8);
    return report;
  }

  /** Nothing to do: no record depends on another. */
  resynchronise(): void {}
}

/** `trigger`: records like those of `mono`, but of external trigger edges; counted, nothing is drawn. */
export class TriggerDecoder implements EventDecoder {
  readonly stampAnchor = 'first';
  readonly origin = 0n;

  decode(packet: EventPacket): PacketReport {
    const report = emptyReport();
    report.triggers = Math.floor(packet.events.length / 8);
    report.invalid = cutWordReason(packet, 8);
    return report;
  }

  /** Nothing to do: no record depends on another. */
  resynchronise(): void {}
}

/** Whole 64-bit records as pairs of 32-bit words; which of a pair is the low one depends on the byte order. */
function records64(packet: EventPacket): { records: Uint32Array; lowWord: 0 | 1; highWord: 0 | 1 } {
  const bytes = packet.events.subarray(0, packet.events.length - (packet.events.length % 8));
  const records = words32(bytes, packet.is_bigendian);
  return packet.is_bigendian ? { records, lowWord: 1, highWord: 0 } : { records, lowWord: 0, highWord: 1 };
}
