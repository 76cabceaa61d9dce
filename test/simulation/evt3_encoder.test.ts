import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventBatch } from '../../src/simulation/sensors/event_batch.js';
import { Evt3Encoder } from '../../src/simulation/sensors/evt3_encoder.js';

type Event = readonly [t: number, y: number, p: number, x: number];

function batchOf(events: readonly Event[]): EventBatch {
  return {
    length: events.length,
    t: Float64Array.from(events, ([t]) => t),
    y: Uint16Array.from(events, ([, y]) => y),
    p: Uint8Array.from(events, ([, , p]) => p),
    x: Uint16Array.from(events, ([, , , x]) => x),
  };
}

/** EVT 3.0 by the letter of its description: a table of word types, one event list, no shortcuts. */
class WordWalk {
  readonly events: Event[] = [];
  #high = 0;
  #low = 0;
  #y = 0;
  #base = 0;
  #polarity = 0;
  #loops = 0;

  read(bytes: Uint8Array): string[] {
    const kinds: string[] = [];
    for (let i = 0; i < bytes.length; i += 2) kinds.push(this.#word(bytes[i]! + 256 * bytes[i + 1]!));
    return kinds;
  }

  #word(word: number): string {
    const payload = word % 4096;
    const emit = (x: number, p: number) => {
      this.events.push([this.#loops * 2 ** 24 + this.#high * 4096 + this.#low, this.#y, p, x]);
    };
    const vector = (bits: number) => {
      for (let bit = 0; bit < bits; bit++) if ((payload >> bit) % 2 === 1) emit(this.#base + bit, this.#polarity);
      this.#base += bits;
    };
    switch (Math.floor(word / 4096)) {
      case 0:
        this.#y = payload % 2048;
        return 'ADDR_Y';
      case 2:
        emit(payload % 2048, payload >= 2048 ? 1 : 0);
        return 'ADDR_X';
      case 3:
        this.#base = payload % 2048;
        this.#polarity = payload >= 2048 ? 1 : 0;
        return 'VECT_BASE_X';
      case 4:
        vector(12);
        return 'VECT_12';
      case 5:
        assert.ok(payload < 256, 'VECT_8 uses eight bits');
        vector(8);
        return 'VECT_8';
      case 6:
        this.#low = payload;
        return 'TIME_LOW';
      case 8:
        if (payload < this.#high) this.#loops++;
        this.#high = payload;
        return 'TIME_HIGH';
      default:
        throw new Error(`undefined word ${word.toString(16)}`);
    }
  }
}

describe('EVT3 encoder', () => {
  it('gives back every event, whatever the pattern', () => {
    const event = fc.tuple(
      fc.integer({ min: 0, max: 9000 }),
      fc.integer({ min: 0, max: 191 }),
      fc.integer({ min: 0, max: 1 }),
      fc.integer({ min: 0, max: 60 }),
    );
    const inOrder = (a: Event, b: Event) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3];
    fc.assert(
      fc.property(fc.array(event, { maxLength: 400 }), fc.boolean(), (drawn, crowded) => {
        // Crowded: few times and rows, so that vectors form, with repeats of the same pixel.
        const events = drawn
          .map(([t, y, p, x]): Event => (crowded ? [1000 * (t % 3), y % 2, p, x] : [t, y, p, x]))
          .sort(inOrder);
        const walk = new WordWalk();
        walk.read(new Evt3Encoder().encode(batchOf(events), 0));
        assert.deepEqual([...walk.events].sort(inOrder), events);
        for (let i = 1; i < walk.events.length; i++) assert.ok(walk.events[i]![0] >= walk.events[i - 1]![0]);
      }),
      { seed: 4 },
    );
  });

  it('writes a run of columns as base and vectors, a lone one as ADDR_X', () => {
    const run = Array.from({ length: 20 }, (_, i): Event => [5, 7, 1, 100 + i]);
    const walk = new WordWalk();
    const kinds = walk.read(new Evt3Encoder().encode(batchOf([...run, [5, 9, 0, 3]]), 5));
    assert.deepEqual(kinds, [
      'TIME_HIGH',
      'TIME_LOW',
      'ADDR_Y',
      'VECT_BASE_X',
      'VECT_12',
      'VECT_8',
      'ADDR_Y',
      'ADDR_X',
    ]);
    assert.deepEqual(walk.events, [...run, [5, 9, 0, 3]]);
  });

  it('gives the words the format describes for a small packet', () => {
    // t = 0x123456 us: high 0x123, low 0x456. Row 2; columns 4, 5, 7 brighter: bits 0, 1 and 3.
    const bytes = new Evt3Encoder().encode(
      batchOf([
        [0x123456, 2, 1, 4],
        [0x123456, 2, 1, 5],
        [0x123456, 2, 1, 7],
      ]),
      0x123456,
    );
    assert.deepEqual([...new Uint16Array(bytes.buffer)], [0x8123, 0x6456, 0x0002, 0x3804, 0x500b]);
  });

  it('starts each packet with its time, also an empty one, and goes on across 2^24 us', () => {
    const encoder = new Evt3Encoder();
    const walk = new WordWalk();
    const end = 2 ** 24;
    const first: Event[] = [[end - 3, 1, 1, 5]];
    const second: Event[] = [[end + 10, 1, 0, 6]];
    assert.deepEqual(walk.read(encoder.encode(batchOf([]), end - 20_000)), ['TIME_HIGH', 'TIME_LOW']);
    assert.deepEqual(walk.read(encoder.encode(batchOf(first), end - 10)).slice(0, 2), ['TIME_HIGH', 'TIME_LOW']);
    assert.deepEqual(walk.read(encoder.encode(batchOf(second), end + 5)).slice(0, 2), ['TIME_HIGH', 'TIME_LOW']);
    assert.deepEqual(walk.events, [...first, ...second]);
  });
});
