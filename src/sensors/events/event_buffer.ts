/**
 * Decoded events as a structure of arrays that grows and is used again: an event camera delivers millions of events
 * a second, far too many for one object each. Only the first `length` entries of each array mean something.
 */
export class EventBuffer {
  /** Number of events held. */
  length = 0;
  /** Column on the sensor, 0 = left. */
  x: Uint16Array;
  /** Row on the sensor, 0 = top. */
  y: Uint16Array;
  /** 1 = brighter (ON), 0 = darker (OFF). */
  polarity: Uint8Array;
  /** Nanoseconds of the sensor's clock since the decoder's origin; exact, as a double holds 104 days of them. */
  t: Float64Array;

  constructor(capacity = 1024) {
    this.x = new Uint16Array(capacity);
    this.y = new Uint16Array(capacity);
    this.polarity = new Uint8Array(capacity);
    this.t = new Float64Array(capacity);
  }

  get capacity(): number {
    return this.x.length;
  }

  /** Forgets the events and keeps the memory. */
  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` more events. Replaces the arrays when they grow: read them again afterwards. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.capacity) return;
    const capacity = Math.max(needed, this.capacity * 2);
    this.x = grown(this.x, new Uint16Array(capacity), this.length);
    this.y = grown(this.y, new Uint16Array(capacity), this.length);
    this.polarity = grown(this.polarity, new Uint8Array(capacity), this.length);
    this.t = grown(this.t, new Float64Array(capacity), this.length);
  }
}

type EventColumn = Uint8Array | Uint16Array | Float64Array;

function grown<Column extends EventColumn>(from: Column, to: Column, length: number): Column {
  to.set(from.subarray(0, length));
  return to;
}
