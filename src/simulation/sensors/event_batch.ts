/** Events in order of time, as parallel arrays. */
export interface EventBatch {
  readonly length: number;
  readonly x: Uint16Array;
  readonly y: Uint16Array;
  /** Microseconds of the sensor's clock. */
  readonly t: Float64Array;
  /** 1 = brighter, 0 = darker. */
  readonly p: Uint8Array;
}

/** The array is read out row by row, again and again: events carry their row's read-out time, as in real sensors. */
const READOUT_MICROSECONDS = 5000;

/** Growing arrays of events in pixel order, with their read-out. */
export class EventSink {
  readonly start: number;
  length = 0;
  x = new Uint16Array(4096);
  y = new Uint16Array(4096);
  p = new Uint8Array(4096);
  readout = new Uint16Array(4096);
  readouts = 0;

  constructor(start: number) {
    this.start = start;
  }

  add(x: number, y: number, p: number, sinceStart: number): void {
    if (this.length === this.x.length) this.#grow();
    const readout = Math.floor(sinceStart / READOUT_MICROSECONDS);
    if (readout >= this.readouts) this.readouts = readout + 1;
    this.x[this.length] = x;
    this.y[this.length] = y;
    this.p[this.length] = p;
    this.readout[this.length++] = readout;
  }

  #grow(): void {
    const size = 2 * this.x.length;
    const x = new Uint16Array(size);
    const y = new Uint16Array(size);
    const p = new Uint8Array(size);
    const readout = new Uint16Array(size);
    x.set(this.x);
    y.set(this.y);
    p.set(this.p);
    readout.set(this.readout);
    [this.x, this.y, this.p, this.readout] = [x, y, p, readout];
  }
}

/** Counting sort by read-out, row and polarity; pixel order keeps x rising within each. */
export function collectEvents(sink: EventSink, height: number): EventBatch {
  const buckets = new Uint32Array(sink.readouts * height * 2 + 1);
  const key = (i: number) => (sink.readout[i]! * height + sink.y[i]!) * 2 + sink.p[i]!;
  for (let i = 0; i < sink.length; i++) buckets[key(i) + 1]!++;
  for (let k = 1; k < buckets.length; k++) buckets[k]! += buckets[k - 1]!;
  const { length } = sink;
  const batch = {
    length,
    x: new Uint16Array(length),
    y: new Uint16Array(length),
    t: new Float64Array(length),
    p: new Uint8Array(length),
  };
  const rowTime = READOUT_MICROSECONDS / height;
  for (let i = 0; i < length; i++) {
    const at = buckets[key(i)]!++;
    batch.x[at] = sink.x[i]!;
    batch.y[at] = sink.y[i]!;
    batch.p[at] = sink.p[i]!;
    batch.t[at] = Math.floor(sink.start + sink.readout[i]! * READOUT_MICROSECONDS + sink.y[i]! * rowTime);
  }
  return batch;
}
