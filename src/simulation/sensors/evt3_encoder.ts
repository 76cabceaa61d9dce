import type { EventBatch } from './event_batch.js';

// Word types, bits 15..12 (Prophesee EVT 3.0 format description).
const ADDR_Y = 0x0000;
const ADDR_X = 0x2000;
const VECT_BASE_X = 0x3000;
const VECT_12 = 0x4000;
const VECT_8 = 0x5000;
const TIME_LOW = 0x6000;
const TIME_HIGH = 0x8000;
const POLARITY = 0x0800;

/** So many events within twelve columns pay for a base and a vector word. */
const WORTH_A_VECTOR = 3;

/**
 * Writes events as EVT 3.0: 16-bit little-endian words that each update a part of the state (time, row, column).
 * Every packet starts with TIME_HIGH and TIME_LOW, so that a reader may join at any packet.
 */
export class Evt3Encoder {
  #words = new Uint16Array(4096);
  #length = 0;

  /**
   * @param events - in order of time, then row, then polarity, then x
   * @param packetTime - microseconds of the sensor's clock when the packet begins; not after its first event
   */
  encode(events: EventBatch, packetTime: number): Uint8Array {
    this.#length = 0;
    let time = packetTime;
    this.#time(time, 'both');
    let row = -1;
    const { x, y, t, p } = events;
    for (let start = 0; start < events.length; ) {
      let end = start + 1;
      while (end < events.length && t[end] === t[start] && y[end] === y[start] && p[end] === p[start]) end++;
      const eventTime = t[start]!;
      if (eventTime !== time) {
        this.#time(eventTime, Math.floor(eventTime / 4096) === Math.floor(time / 4096) ? 'low' : 'both');
        time = eventTime;
      }
      if (y[start] !== row) {
        row = y[start]!;
        this.#push(ADDR_Y | row);
      }
      this.#columns(x, start, end, p[start] === 1 ? POLARITY : 0);
      start = end;
    }
    return new Uint8Array(this.#words.slice(0, this.#length).buffer);
  }

  /** One row's events of one polarity: single columns as ADDR_X, crowded ones as vectors. */
  #columns(x: Uint16Array, start: number, end: number, polarity: number): void {
    // Where the next vector word would start; a vector moves it on by its own width.
    let base = -1;
    let i = start;
    while (i < end) {
      const follows = base >= 0 && x[i]! >= base && x[i]! < base + 12;
      const from = follows ? base : x[i]!;
      let bits = 0;
      let next = i;
      // An x that fires twice in one read-out needs a word of its own.
      while (next < end && x[next]! < from + 12 && (next === i || x[next]! > x[next - 1]!)) {
        bits |= 1 << (x[next]! - from);
        next++;
      }
      if (!follows && next - i < WORTH_A_VECTOR) {
        this.#push(ADDR_X | polarity | x[i]!);
        base = -1;
        i++;
        continue;
      }
      if (!follows) this.#push(VECT_BASE_X | polarity | from);
      const isNarrow = bits < 1 << 8;
      this.#push((isNarrow ? VECT_8 : VECT_12) | bits);
      base = from + (isNarrow ? 8 : 12);
      i = next;
    }
  }

  /** 24 bits of time; the counter starts again every 16.777216 s. */
  #time(microseconds: number, words: 'low' | 'both'): void {
    if (words === 'both') this.#push(TIME_HIGH | (Math.floor(microseconds / 4096) % 4096));
    this.#push(TIME_LOW | (microseconds % 4096));
  }

  #push(word: number): void {
    if (this.#length === this.#words.length) {
      const larger = new Uint16Array(2 * this.#length);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[this.#length++] = word;
  }
}
