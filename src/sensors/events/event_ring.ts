import { EventBuffer } from './event_buffer.js';

/** What the ring keeps: whichever bound is met first lets the oldest events go. */
export interface EventRingLimits {
  /** Nanoseconds of sensor time to look back from the newest packet. */
  horizon: number;
  /** Events held at most, of 13 bytes each. */
  capacity: number;
  /** Events there is room for at first. Room doubles when the horizon holds more; a camera that sees little needs little. */
  firstRoom?: number;
}

const FIRST_ROOM = 1 << 16;

/** A span of sensor time in nanoseconds since the decoder's origin: start excluded, end included. */
export interface EventWindow {
  start: number;
  end: number;
}

/** Indexes from `from` up to, not including, `to`. */
export interface IndexRange {
  from: number;
  to: number;
}

/** The events of one packet in the ring. */
interface Batch {
  /** Index of the first event, counted as `#written` counts; modulo the room it is a place in the arrays. */
  from: number;
  count: number;
  earliest: number;
  latest: number;
}

/**
 * The latest decoded events of one camera, from which windows that end at a camera frame's stamp are cut. Packets are
 * kept with their time span, so that a window touches only packets that reach into it and sensor time inside a
 * packet need not rise.
 */
export class EventRing {
  readonly #horizon: number;
  readonly #mostRoom: number;
  #x: Uint16Array;
  #y: Uint16Array;
  #polarity: Uint8Array;
  #t: Float64Array;
  #batches: Batch[] = [];
  /** Events written; those that were let go of before the ring grew do not count. */
  #written = 0;

  constructor(limits: EventRingLimits) {
    const { horizon, capacity, firstRoom = FIRST_ROOM } = limits;
    this.#horizon = horizon;
    this.#mostRoom = capacity;
    const room = Math.min(firstRoom, capacity);
    this.#x = new Uint16Array(room);
    this.#y = new Uint16Array(room);
    this.#polarity = new Uint8Array(room);
    this.#t = new Float64Array(room);
  }

  /** Events there is room for now. */
  get room(): number {
    return this.#t.length;
  }

  get x(): Uint16Array {
    return this.#x;
  }

  get y(): Uint16Array {
    return this.#y;
  }

  get polarity(): Uint8Array {
    return this.#polarity;
  }

  get t(): Float64Array {
    return this.#t;
  }

  /** Events held. */
  get length(): number {
    const oldest = this.#batches[0];
    return oldest === undefined ? 0 : this.#written - oldest.from;
  }

  clear(): void {
    this.#batches = [];
  }

  /** Appends one packet's events. Of a packet larger than the ring only the last events are kept. */
  push(events: EventBuffer): void {
    const skipped = Math.max(0, events.length - this.#mostRoom);
    const count = events.length - skipped;
    if (count === 0) return;

    let earliest = Number.POSITIVE_INFINITY;
    let latest = Number.NEGATIVE_INFINITY;
    for (let i = skipped; i < events.length; i++) {
      const t = events.t[i]!;
      if (t < earliest) earliest = t;
      if (t > latest) latest = t;
    }
    // What is let go of first needs no room.
    this.#forget(latest - this.#horizon, latest + this.#horizon);
    if (this.length + count > this.room) this.#grow(this.length + count);
    const place = this.#written % this.room;
    const untilEnd = Math.min(count, this.room - place);
    this.#copy(events, skipped, skipped + untilEnd, place);
    this.#copy(events, skipped + untilEnd, events.length, 0);
    this.#batches.push({ from: this.#written, count, earliest, latest });
    this.#written += count;
    this.#forget(latest - this.#horizon, latest + this.#horizon);
  }

  /**
   * Index ranges of the ring's arrays that hold every event of the window, oldest packet first. They may hold events
   * outside the window too: test each event's time.
   */
  ranges(window: EventWindow): IndexRange[] {
    const ranges: IndexRange[] = [];
    for (const batch of this.#batches) {
      if (batch.latest <= window.start || batch.earliest > window.end) continue;
      const from = batch.from % this.room;
      const to = from + batch.count;
      ranges.push({ from, to: Math.min(to, this.room) });
      if (to > this.room) ranges.push({ from: 0, to: to - this.room });
    }
    return ranges;
  }

  /** A copy of what {@link ranges} finds, which stays as it is while packets keep coming. */
  copyOf(window: EventWindow): EventBuffer {
    const ranges = this.ranges(window);
    const copy = new EventBuffer(ranges.reduce((sum, { from, to }) => sum + to - from, 0));
    for (const { from, to } of ranges) {
      copy.x.set(this.#x.subarray(from, to), copy.length);
      copy.y.set(this.#y.subarray(from, to), copy.length);
      copy.polarity.set(this.#polarity.subarray(from, to), copy.length);
      copy.t.set(this.#t.subarray(from, to), copy.length);
      copy.length += to - from;
    }
    return copy;
  }

  /** Makes room for so many events, as far as the ring may grow, and moves what is held to its places there. */
  #grow(needed: number): void {
    const room = Math.min(this.#mostRoom, Math.max(needed, 2 * this.room));
    if (room <= this.room) return;
    const held = this.length;
    const oldest = this.#written - held;
    const first = oldest % this.room;
    const untilEnd = Math.min(held, this.room - first);
    const moved = <Values extends Uint8Array | Uint16Array | Float64Array>(old: Values, values: Values): Values => {
      values.set(old.subarray(first, first + untilEnd));
      values.set(old.subarray(0, held - untilEnd), untilEnd);
      return values;
    };
    this.#x = moved(this.#x, new Uint16Array(room));
    this.#y = moved(this.#y, new Uint16Array(room));
    this.#polarity = moved(this.#polarity, new Uint8Array(room));
    this.#t = moved(this.#t, new Float64Array(room));
    for (const batch of this.#batches) batch.from -= oldest;
    this.#written = held;
  }

  #copy(events: EventBuffer, from: number, to: number, place: number): void {
    this.#x.set(events.x.subarray(from, to), place);
    this.#y.set(events.y.subarray(from, to), place);
    this.#polarity.set(events.polarity.subarray(from, to), place);
    this.#t.set(events.t.subarray(from, to), place);
  }

  /**
   * Drops packets that ended before `time` and what the newest events have overwritten; also those that claim to have
   * ended after `future`, which would never get old.
   */
  #forget(time: number, future: number): void {
    const overwritten = this.#written - this.room;
    let drop = 0;
    for (const batch of this.#batches) {
      const lost = overwritten - batch.from;
      if (batch.latest >= time && batch.latest <= future && lost < batch.count) {
        if (lost > 0) {
          batch.from += lost;
          batch.count -= lost;
        }
        break;
      }
      drop++;
    }
    if (drop > 0) this.#batches.splice(0, drop);
  }
}
