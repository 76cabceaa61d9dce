import type { EventPacket } from '../../messages/index.js';
import { coarse, type EventEdit } from './event_edit.js';

/** Where x and y stand in a word of 32 bits that is an event. */
interface RecordFormat {
  /** 32-bit words a record; the one with the coordinates comes at `coordinates`. */
  words: 1 | 2;
  coordinates: 0 | 1;
  x: { shift: number; mask: number };
  y: { shift: number; mask: number };
  polarityBit: number;
  isEvent(word: number): boolean;
}

/**
 * Encodings with an event a record. Bits: `evt2` Prophesee EVT 2.0; `mono` the README of event_camera_msgs; `libcaer`
 * records of {uint32 data, int32 microseconds}.
 */
export const RECORD_FORMATS: ReadonlyMap<string, RecordFormat> = new Map<string, RecordFormat>([
  [
    'evt2',
    {
      words: 1,
      coordinates: 0,
      x: { shift: 11, mask: 0x7ff },
      y: { shift: 0, mask: 0x7ff },
      polarityBit: 28,
      isEvent: (word) => word >>> 28 <= 1,
    },
  ],
  [
    'mono',
    {
      words: 2,
      coordinates: 1,
      x: { shift: 0, mask: 0xffff },
      y: { shift: 16, mask: 0x7fff },
      polarityBit: 31,
      isEvent: () => true,
    },
  ],
  [
    'libcaer',
    {
      words: 2,
      coordinates: 0,
      x: { shift: 17, mask: 0x7fff },
      y: { shift: 2, mask: 0x7fff },
      polarityBit: 1,
      isEvent: () => true,
    },
  ],
]);

/** Changes coordinates in place and appends spurious events as copies of the last one with other coordinates. */
export function editRecords(packet: EventPacket, format: RecordFormat, { factor, spurious }: EventEdit): Uint8Array {
  const { is_bigendian, events } = packet;
  const bytesPerRecord = 4 * format.words;
  const whole = events.length - (events.length % bytesPerRecord);
  // A record of 64 bits has its low word first in little-endian order and last in big-endian order.
  const isOneValue = format.coordinates === 1;
  const place = format.words === 2 && isOneValue && is_bigendian ? 0 : 4 * format.coordinates;
  const source = new DataView(events.buffer, events.byteOffset, events.byteLength);
  let last: number | undefined;
  for (let at = 0; at < whole; at += bytesPerRecord) {
    if (format.isEvent(source.getUint32(at + place, !is_bigendian))) last = at;
  }
  // Without an event there is no time to give to a spurious one.
  const added = last === undefined ? [] : spurious(packet);
  const bytes = new Uint8Array(whole + added.length * bytesPerRecord);
  bytes.set(events.subarray(0, whole));
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < whole; at += bytesPerRecord) {
    const word = view.getUint32(at + place, !is_bigendian);
    if (!format.isEvent(word)) continue;
    const x = coarse((word >>> format.x.shift) & format.x.mask, factor);
    const y = coarse((word >>> format.y.shift) & format.y.mask, factor);
    view.setUint32(at + place, withPixel(word, format, x, y), !is_bigendian);
  }
  added.forEach(({ x, y, on }, i) => {
    const at = whole + i * bytesPerRecord;
    bytes.copyWithin(at, last!, last! + bytesPerRecord);
    const polarity = (1 << format.polarityBit) >>> 0;
    const word = withPixel(view.getUint32(at + place, !is_bigendian), format, x, y);
    view.setUint32(at + place, (on ? word | polarity : word & ~polarity) >>> 0, !is_bigendian);
  });
  return bytes;
}

function withPixel(word: number, { x: xs, y: ys }: RecordFormat, x: number, y: number): number {
  const cleared = word & ~(xs.mask << xs.shift) & ~(ys.mask << ys.shift);
  return (cleared | (x << xs.shift) | (y << ys.shift)) >>> 0;
}
