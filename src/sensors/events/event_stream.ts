import { type Stamp, stampFromTime } from '../../messages/stamp.js';
import type { EventPacket } from '../../messages/types.js';
import type { ImageSize } from '../modality_image.js';
import { ClockMapping, type ClockMappingOptions, type ClockObservation } from './clock_mapping.js';
import { createEventDecoder } from './create_decoder.js';
import { EventArrayReader } from './event_array_cdr.js';
import { EventBuffer } from './event_buffer.js';
import { type EventDecoder, emptyReport, type PacketReport, sizeReason } from './event_decoder.js';
import type { EventLookup } from './event_lookup.js';
import { EventRing } from './event_ring.js';
import { isSetBack, PacketSequence } from './packet_order.js';
import { type EventRepresentation, renderEvents } from './render_events.js';

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
  /** True for a packet that came again or too late; it was left out. */
  superseded: boolean;
  /** How the sensor's clock stands to ROS time; undefined where the message told no sensor time. */
  clock: ClockObservation | undefined;
}

/** What is wrong with the message or with the sensor's clock, in a sentence, or undefined. */
export function eventFault({ invalid, clock }: EventStreamReport): string | undefined {
  if (invalid !== undefined || clock?.kind !== 'jump') return invalid;
  const seconds = (clock.byNanoseconds / 1e9).toFixed(3);
  return `Expected the event sensor's clock to keep pace with header.stamp but it jumped: the stamps are ${seconds} s off`;
}

const DEFAULTS: EventStreamOptions = { horizonMs: 500, capacity: 2_000_000, clock: {} };

/** How far a packet's time may lie ahead of what confirms it. */
const LARGEST_STEP_NS = 1_000_000_000n;

const UNREAD = { lostPackets: 0, superseded: false, clock: undefined } as const;

/**
 * One event camera: decodes its messages as they arrive, whatever their encoding, keeps the latest events, and draws
 * the window that ends at a given ROS time. Nothing here throws on a bad message.
 */
export class EventStream {
  readonly #ring: EventRing;
  readonly #buffer = new EventBuffer();
  readonly #clock: ClockMapping;
  readonly #horizon: bigint;
  /** Up to which time events were known after each packet of the horizon, and how the clocks stood to each other then. */
  #estimates: { known: Stamp; offset: bigint }[] = [];
  /** One of the two is there, by the kind of messages the topic carries. */
  #packets: { encoding: string; decoder: EventDecoder; sequence: PacketSequence } | undefined;
  #arrays: EventArrayReader | undefined;
  #sensorSize: ImageSize | undefined;
  #latest: Stamp | undefined;
  /** Stamp of the packet before, where it was too far ahead to be believed by itself. */
  #doubted: Stamp | undefined;

  constructor(options: Partial<EventStreamOptions> = {}) {
    const { horizonMs, capacity, clock } = { ...DEFAULTS, ...options };
    this.#ring = new EventRing({ horizon: horizonMs * 1e6, capacity });
    this.#clock = new ClockMapping(clock);
    this.#horizon = BigInt(Math.round(horizonMs * 1e6));
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
    let packets = this.#packets;
    if (packets?.encoding !== packet.encoding) {
      const created = createEventDecoder(packet.encoding);
      if (created.kind === 'invalid') return { ...UNREAD, ...emptyReport(), invalid: created.reason };
      this.reset();
      packets = { encoding: packet.encoding, decoder: created.decoder, sequence: new PacketSequence() };
      this.#packets = packets;
    }
    const order = packets.sequence.follow(packet.seq, stamp);
    if (order.kind === 'superseded') return { ...UNREAD, ...emptyReport(), superseded: true };
    if (order.kind === 'restart') {
      this.reset();
      return this.pushPacket(packet);
    }
    const { decoder } = packets;
    if (order.lostPackets > 0) decoder.resynchronise();
    if (sizeReason(packet) === undefined) this.#sensorSize = { width: packet.width, height: packet.height };

    this.#buffer.clear();
    const report = decoder.decode(packet, this.#buffer);
    const clock = this.#observeClock(decoder, report, stamp);
    this.#ring.push(this.#buffer);
    this.#advance(report, stamp, clock);
    return { ...report, superseded: false, lostPackets: order.lostPackets, clock };
  }

  /**
   * Takes in the CDR bytes of a dvs_msgs/EventArray or prophesee_event_msgs/EventArray. Their events carry ROS time, and
   * the messages no sequence number.
   */
  pushEventArray(data: Uint8Array): EventStreamReport {
    if (this.#arrays === undefined) {
      this.reset();
      this.#arrays = new EventArrayReader();
    }
    this.#buffer.clear();
    const { head, report } = this.#arrays.read(data, this.#buffer);
    if (head === undefined) return { ...UNREAD, ...report };
    const first = report.firstTime === undefined ? head.stamp : this.#rosTime(report.firstTime);
    if (isSetBack(first, this.#latest)) {
      this.reset();
      return this.pushEventArray(data);
    }
    if (sizeReason(head) === undefined) this.#sensorSize = { width: head.width, height: head.height };
    this.#ring.push(this.#buffer);
    this.#advance(report, head.stamp, undefined);
    return { ...UNREAD, ...report };
  }

  /**
   * Draws the window that ends at `stamp`; all zero where there were no events, which is what a still scene looks like.
   * The clocks are related as the packet that completed the window found them: what comes later would change the
   * picture with the time at which somebody gets round to drawing it.
   * @returns height * width * 3 bytes on the grid, RGB order
   */
  render(stamp: Stamp, lookup: EventLookup, representation: EventRepresentation): Promise<Uint8Array> {
    const completedBy = this.#estimates.find(({ known }) => known >= stamp);
    return renderEvents(this.#ring, Number(stamp - this.#rosTime(0, completedBy?.offset)), lookup, representation);
  }

  /** Forgets everything, as for a camera never seen: after the clock was set back, or the driver restarted. */
  reset(): void {
    this.#ring.clear();
    this.#clock.reset();
    this.#estimates = [];
    this.#packets = undefined;
    this.#arrays = undefined;
    this.#latest = undefined;
    this.#doubted = undefined;
  }

  /** ROS time of an event time; meaningless for packets before their first clock observation. */
  #rosTime(t: number, offset = this.#clock.offset): Stamp {
    if (this.#arrays !== undefined) return this.#arrays.origin + BigInt(Math.round(t));
    return (this.#packets?.decoder.origin ?? 0n) + (offset ?? 0n) + BigInt(Math.round(t));
  }

  #observeClock(decoder: EventDecoder, report: PacketReport, stamp: Stamp): ClockObservation | undefined {
    const anchor = decoder.stampAnchor === 'last' ? report.lastTime : report.firstTime;
    if (anchor === undefined) return undefined;
    const clock = this.#clock.observe(decoder.origin + BigInt(Math.round(anchor)), stamp);
    if (clock.kind === 'jump') {
      // Events from before the jump lie at times that mean something else now.
      this.#ring.clear();
      this.#estimates = [];
      this.#latest = undefined;
    }
    return clock;
  }

  /** Moves the time up to which events are known: to the message's stamp or its last event, whichever is later. */
  #advance(report: PacketReport, stamp: Stamp, clock: ClockObservation | undefined): void {
    if (clock?.kind === 'doubtful') return;
    const lastEvent = report.lastTime === undefined ? stamp : this.#rosTime(report.lastTime);
    // A time that was damaged within the packet is not believed either.
    const known = lastEvent > stamp && lastEvent - stamp < LARGEST_STEP_NS ? lastEvent : stamp;
    if (clock === undefined && !this.#isBelievable(known)) return;
    if (this.#latest === undefined || known > this.#latest || this.#latest - known > LARGEST_STEP_NS) {
      if (this.#latest !== undefined && known < this.#latest) this.#estimates = [];
      this.#latest = known;
    }
    const { offset } = this.#clock;
    if (offset === undefined) return;
    this.#estimates.push({ known: this.#latest, offset });
    const current = this.#estimates.findIndex((estimate) => estimate.known >= known - this.#horizon);
    if (current > 0) this.#estimates.splice(0, current);
  }

  /**
   * Whether a stamp that no sensor time confirms may be right. One far ahead of all before may be damaged; two that
   * agree are a camera that was silent.
   */
  #isBelievable(stamp: Stamp): boolean {
    const before = this.#doubted;
    this.#doubted = undefined;
    if (this.#latest === undefined || stamp - this.#latest <= LARGEST_STEP_NS) return true;
    if (before !== undefined && stamp >= before && stamp - before <= LARGEST_STEP_NS) return true;
    this.#doubted = stamp;
    return false;
  }
}
