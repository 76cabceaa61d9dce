import { type Stamp, stampFromTime } from '../../messages/stamp.js';
import type { EventBuffer } from './event_buffer.js';
import { emptyReport, MAX_EVENTS_PER_PACKET, type PacketReport, sizeReason } from './event_decoder.js';

/** The message types read here: both have the same fields, one structure an event. */
export const eventArrayTypes: readonly string[] = ['dvs_msgs/msg/EventArray', 'prophesee_event_msgs/msg/EventArray'];

/** An EventArray's fields before its events. */
export interface EventArrayHead {
  stamp: Stamp;
  width: number;
  height: number;
}

const ENCAPSULATION_BYTES = 4;
const NANOSECONDS_PER_SECOND = 1e9;

/**
 * Reads `EventArray {Header header; uint32 height, width; Event[] events}` straight from its CDR bytes, where `Event` is
 * `{uint16 x, y; Time ts; bool polarity}`: a general decoder would make an object of each event. Event times are ROS
 * times already; they are written relative to `origin`.
 */
export class EventArrayReader {
  #origin: bigint | undefined;

  /** The ROS time that event time 0 stands for: the first message's stamp. */
  get origin(): bigint {
    return this.#origin ?? 0n;
  }

  /**
   * Appends the events of one message to `into`.
   * @param data - CDR with its encapsulation header
   */
  read(data: Uint8Array, into: EventBuffer): { head: EventArrayHead | undefined; report: PacketReport } {
    const report = emptyReport();
    const cursor = openCursor(data);
    const head = cursor && readHead(cursor);
    const count = head && cursor.has(4) ? cursor.uint32() : undefined;
    if (cursor === undefined || head === undefined || count === undefined) {
      report.invalid = `Expected an EventArray in plain CDR but received ${data.length} bytes that end in its header`;
      return { head: undefined, report };
    }
    report.invalid = sizeReason(head);
    if (report.invalid !== undefined) return { head, report };
    // Alignment makes the stride 16 bytes, except that the first event has no gap before it and the last none after.
    const needed = count === 0 ? 0 : 16 * count - 3;
    if (!cursor.has(needed)) {
      report.invalid = `Expected ${needed} bytes for ${count} events but received ${cursor.left}`;
      return { head, report };
    }
    if (count > MAX_EVENTS_PER_PACKET) {
      report.invalid = `Expected at most ${MAX_EVENTS_PER_PACKET} events in a message but received ${count}`;
      return { head, report };
    }
    this.#origin ??= head.stamp;
    this.#readEvents(cursor, count, head, into, report);
    return { head, report };
  }

  #readEvents(cursor: CdrCursor, count: number, head: EventArrayHead, into: EventBuffer, report: PacketReport): void {
    const { view, littleEndian } = cursor;
    const originSeconds = Math.floor(Number(this.origin / 1_000_000_000n));
    const originNanoseconds = Number(this.origin % 1_000_000_000n);
    into.reserve(count);
    const { x: xs, y: ys, polarity: polarities, t: times } = into;
    let length = into.length;
    // Alignment counts from the end of the encapsulation, which is four bytes long and so keeps 2 and 4.
    let at = cursor.at;
    for (let i = 0; i < count; i++) {
      at = (at + 1) & ~1;
      const x = view.getUint16(at, littleEndian);
      const y = view.getUint16(at + 2, littleEndian);
      at = (at + 4 + 3) & ~3;
      const seconds = view.getInt32(at, littleEndian);
      const nanoseconds = view.getUint32(at + 4, littleEndian);
      const t = (seconds - originSeconds) * NANOSECONDS_PER_SECOND + (nanoseconds - originNanoseconds);
      report.firstTime ??= t;
      report.lastTime = t;
      if (x < head.width && y < head.height) {
        xs[length] = x;
        ys[length] = y;
        polarities[length] = view.getUint8(at + 8) === 0 ? 0 : 1;
        times[length++] = t;
      } else report.outside++;
      at += 9;
    }
    report.events = length - into.length;
    into.length = length;
  }
}

/** A reading position in CDR bytes. */
class CdrCursor {
  readonly view: DataView;
  readonly littleEndian: boolean;
  at = ENCAPSULATION_BYTES;

  constructor(view: DataView, littleEndian: boolean) {
    this.view = view;
    this.littleEndian = littleEndian;
  }

  get left(): number {
    return this.view.byteLength - this.at;
  }

  has(bytes: number): boolean {
    return bytes <= this.left;
  }

  uint32(): number {
    const value = this.view.getUint32(this.at, this.littleEndian);
    this.at += 4;
    return value;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  align4(): void {
    this.at = (this.at + 3) & ~3;
  }
}

function openCursor(data: Uint8Array): CdrCursor | undefined {
  if (data.length < ENCAPSULATION_BYTES || data[0] !== 0 || data[1]! > 1) return undefined;
  return new CdrCursor(new DataView(data.buffer, data.byteOffset, data.byteLength), data[1] === 1);
}

function readHead(cursor: CdrCursor): EventArrayHead | undefined {
  if (!cursor.has(12)) return undefined;
  const stamp = stampFromTime({ sec: cursor.int32(), nanosec: cursor.uint32() });
  const frameIdBytes = cursor.uint32();
  if (!cursor.has(frameIdBytes)) return undefined;
  cursor.at += frameIdBytes;
  cursor.align4();
  if (!cursor.has(8)) return undefined;
  const height = cursor.uint32();
  return { stamp, height, width: cursor.uint32() };
}
