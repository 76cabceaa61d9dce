import { type Stamp, stampFromTime } from '../../messages/stamp.js';
import type { EventPacket } from '../../messages/types.js';
import type { ImageSize } from '../modality_image.js';
import { ClockMapping, type ClockMappingOptions, type ClockObservation } from './clock_mapping.js';
import { createEventDecoder } from './create_decoder.js';
import { EventArrayReader } from './event_array_cdr.js';
import { EventBuffer } from './event_buffer.js';
import { type EventDecoder, emptyReport, type PacketReport, type StampAnchor } from './event_decoder.js';
import { EventRing } from './event_ring.js';
import { type EventCanvas, type EventRepresentation, renderEvents } from './render_events.js';

export interface EventStreamOptions {
  /** How far back windows may reach from the newest packet, in milliseconds. */
  horizonMs: number;
  /** Events held at most. */
  capacity: number;
  clock: Partial<ClockMappingOptions>;
}

/** What became of one message. */
export interface EventStreamReport extends PacketReport {
  /** Packets missing before this one, by their sequence numbers. */
  lostPackets: number;
  /** How the sensor's clock stands to ROS time; undefined where the packet told no time. */
  clock: ClockObservation | undefined;
  /** True for a packet that came again or too late; it was left out. */
  superseded: boolean;
}

const DEFAULTS: EventStreamOptions = { horizonMs: 500, capacity: 2_000_000, clock: {} };

/** A stamp this far back is a clock set back (bag loop, simulation reset), not a packet that came late. */
const RESTART_NANOSECONDS = 1_000_000_000n;

/**
 * One event camera: decodes its packets as they arrive, whatever their encoding, keeps the latest events, and draws
 * the window that ends at a given ROS time. Nothing here throws on a bad message.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #ring: EventRing;
  readonly #buffer = new EventBuffer();
  readonly #clock: ClockMapping;
  #encoding = '';
  #decoder: EventDecoder | undefined;
  #arrays: EventArrayReader | undefined;
  #lastSeq: bigint | undefined;
  #lastStamp: Stamp | undefined;
  #latest: Stamp | undefined;
  #sensorSize: ImageSize | undefined;

  constructor(options: Partial<EventStreamOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    const { horizonMs, capacity } = this.#options;
    this.#ring = new EventRing({ horizon: horizonMs * 1e6, capacity });
    this.#clock = new ClockMapping(this.#options.clock);
  }

  /**
   * ROS time up to which events are known: windows that end later would miss events still to come. Packets without
   * events count, as they tell that nothing happened.
   */
  get latestStamp(): Stamp | undefined {
    return this.#latest;
  }

  /** Pixels of the sensor, as its messages state them; undefined before the first. */
  get sensorSize(): ImageSize | undefined {
    return this.#sensorSize;
  }

  /** Takes in an event_camera_msgs/EventPacket or event_array_msgs/EventArray. */
  pushPacket(packet: EventPacket): EventStreamReport {
    const stamp = stampFromTime(packet.header.stamp);
    const order = this.#order(packet.seq, stamp);
    if (order.superseded) return { ...emptyReport(), ...order, clock: undefined };
    if (packet.encoding !== this.#encoding || this.#decoder === undefined) {
      const created = createEventDecoder(packet.encoding);
      if (created.kind === 'invalid') {
        return { ...emptyReport(), ...order, clock: undefined, invalid: created.reason };
      }
      this.reset();
      this.#encoding = packet.encoding;
      this.#decoder = created.decoder;
    } else if (order.lostPackets > 0) this.#decoder.resynchronise();
    this.#lastSeq = packet.seq;
    this.#lastStamp = stamp;
    this.#sensorSize = { width: packet.width, height: packet.height };

    this.#buffer.clear();
    const report = this.#decoder.decode(packet, this.#buffer);
    const clock = this.#accept(report, stamp, this.#decoder.stampAnchor, this.#decoder.origin);
    return { ...report, ...order, clock };
  }

  /** Takes in the CDR bytes of a dvs_msgs/EventArray or prophesee_event_msgs/EventArray. */
  pushEventArray(data: Uint8Array): EventStreamReport {
    if (this.#arrays === undefined) {
      this.reset();
      this.#arrays = new EventArrayReader();
    }
    this.#buffer.clear();
    const { head, report } = this.#arrays.read(data, this.#buffer);
    const order = { superseded: false, lostPackets: 0 };
    if (head === undefined) return { ...report, ...order, clock: undefined };
    this.#sensorSize = { width: head.width, height: head.height };
    const clock = this.#accept(report, head.stamp, 'ros', this.#arrays.origin);
    return { ...report, ...order, clock };
  }

  /**
   * Draws the window that ends at `stamp`; all zero where there were no events, which is what a still scene looks like.
   * @returns height * width * 3 bytes on the grid, RGB order
   */
  render(stamp: Stamp, canvas: EventCanvas, representation: EventRepresentation): Uint8Array {
    const origin = this.#arrays?.origin ?? this.#decoder?.origin ?? 0n;
    const offset = this.#arrays === undefined ? (this.#clock.offset ?? 0n) : 0n;
    return renderEvents(this.#ring, Number(stamp - offset - origin), canvas, representation);
  }

  /** Forgets everything, as for a camera never seen: after the clock was set back, or the driver restarted. */
  reset(): void {
    this.#ring.clear();
    this.#clock.reset();
    this.#decoder = undefined;
    this.#arrays = undefined;
    this.#lastSeq = undefined;
    this.#lastStamp = undefined;
    this.#latest = undefined;
  }

  /** Lays a decoded packet on ROS time and keeps its events. */
  #accept(report: PacketReport, stamp: Stamp, anchor: StampAnchor, origin: bigint): ClockObservation | undefined {
    const anchorTime = anchor === 'last' ? report.lastTime : report.firstTime;
    let clock: ClockObservation | undefined;
    if (anchor !== 'ros' && anchorTime !== undefined) {
      clock = this.#clock.observe(origin + BigInt(Math.round(anchorTime)), stamp);
      // Events from before the jump lie at times that mean something else now.
      if (clock.kind === 'jump') this.#ring.clear();
    }
    this.#ring.push(this.#buffer);
    const known = this.#knownUntil(report, stamp, origin, anchor, clock);
    if (this.#latest === undefined || known > this.#latest || clock?.kind === 'jump') this.#latest = known;
    return clock;
  }

  /** The later of the packet's stamp and its last event's ROS time, as far as the latter can be trusted. */
  #knownUntil(
    report: PacketReport,
    stamp: Stamp,
    origin: bigint,
    anchor: StampAnchor,
    clock: ClockObservation | undefined,
  ): Stamp {
    if (report.lastTime === undefined || clock?.kind === 'doubtful') return stamp;
    const offset = anchor === 'ros' ? 0n : (this.#clock.offset ?? 0n);
    const lastEvent = origin + BigInt(Math.round(report.lastTime)) + offset;
    return lastEvent > stamp ? lastEvent : stamp;
  }

  /** Tells lost, late and repeated packets by sequence number and stamp, and starts anew when both went back. */
  #order(seq: bigint, stamp: Stamp): { superseded: boolean; lostPackets: number } {
    const [lastSeq, lastStamp] = [this.#lastSeq, this.#lastStamp];
    if (lastSeq === undefined || lastStamp === undefined) return { superseded: false, lostPackets: 0 };
    const setBack = stamp < lastStamp - RESTART_NANOSECONDS;
    const restarted = seq < lastSeq && stamp > lastStamp;
    if (setBack || restarted) {
      this.reset();
      return { superseded: false, lostPackets: 0 };
    }
    if (seq <= lastSeq && stamp <= lastStamp) return { superseded: true, lostPackets: 0 };
    // Writers that never count send the same number always; that is no gap.
    return { superseded: false, lostPackets: seq > lastSeq + 1n ? Number(seq - lastSeq - 1n) : 0 };
  }
}
