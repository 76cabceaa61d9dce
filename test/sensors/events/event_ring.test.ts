import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EventBuffer, EventRing } from '../../../src/sensors/events/index.js';

/** A packet with one event per time; x numbers the events from `first` on. */
function events(first: number, times: number[]): EventBuffer {
  const buffer = new EventBuffer(0);
  buffer.reserve(times.length);
  times.forEach((t, i) => {
    buffer.x[i] = first + i;
    buffer.t[i] = t;
  });
  buffer.length = times.length;
  return buffer;
}

/** Numbers of the events in the window (start, end], as the ring finds them. */
function inWindow(ring: EventRing, start: number, end: number): number[] {
  const found: number[] = [];
  for (const { from, to } of ring.ranges({ start, end })) {
    for (let i = from; i < to; i++) if (ring.t[i]! > start && ring.t[i]! <= end) found.push(ring.x[i]!);
  }
  return found;
}

describe('EventRing', () => {
  it('cuts windows that exclude their start and include their end', () => {
    const ring = new EventRing({ horizon: 1000, capacity: 100 });
    ring.push(events(0, [10, 20, 30]));
    ring.push(events(3, [40, 50]));
    assert.deepEqual(inWindow(ring, 20, 40), [2, 3]);
    assert.deepEqual(inWindow(ring, 50, 90), []);
    assert.deepEqual(inWindow(ring, 0, 9), []);
  });

  it('finds events of packets that overlap in time and are out of order inside', () => {
    const ring = new EventRing({ horizon: 1000, capacity: 100 });
    ring.push(events(0, [30, 10, 50]));
    ring.push(events(3, [20, 40]));
    assert.deepEqual(inWindow(ring, 15, 40), [0, 3, 4]);
  });

  it('lets go of packets older than the horizon', () => {
    const ring = new EventRing({ horizon: 100, capacity: 100 });
    ring.push(events(0, [0, 10]));
    ring.push(events(2, [50]));
    ring.push(events(3, [120]));
    assert.equal(ring.length, 2);
    assert.deepEqual(inWindow(ring, -1, 1000), [2, 3]);
  });

  it('keeps the last events of a packet larger than itself', () => {
    const ring = new EventRing({ horizon: 1000, capacity: 4 });
    ring.push(events(0, [1, 2, 3, 4, 5, 6]));
    assert.deepEqual(inWindow(ring, 0, 10), [2, 3, 4, 5]);
    ring.clear();
    assert.equal(ring.length, 0);
    assert.deepEqual(inWindow(ring, 0, 10), []);
  });

  it('holds what a plain list cut to the same bounds holds', () => {
    const step = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 });
    const room = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), room, room, (packets, capacity, firstRoom) => {
        const ring = new EventRing({ horizon: Number.POSITIVE_INFINITY, capacity, firstRoom });
        const all: number[] = [];
        let now = 0;
        for (const steps of packets) {
          const times = steps.map((delta) => {
            now += delta;
            return now;
          });
          ring.push(events(all.length, times));
          all.push(...times);
          const expected = all.map((_, i) => i).slice(-capacity);
          assert.equal(ring.length, expected.length);
          assert.deepEqual(inWindow(ring, -1, now), expected);
          assert.deepEqual(
            inWindow(ring, now - 7, now - 2),
            expected.filter((i) => all[i]! > now - 7 && all[i]! <= now - 2),
          );
        }
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it('has room for what the horizon holds, and no more than twice that', () => {
    const quiet = new EventRing({ horizon: 1000, capacity: 1_000_000, firstRoom: 8 });
    for (let packet = 0; packet < 5000; packet++) quiet.push(events(0, [packet * 100, packet * 100 + 50]));
    // Those of the horizon are eleven packets of two events.
    assert.ok(quiet.room <= 48, `room for ${quiet.room}`);
    assert.equal(inWindow(quiet, 499_800, 500_000).length, 3);

    const busy = new EventRing({ horizon: 1000, capacity: 100, firstRoom: 8 });
    for (let packet = 0; packet < 500; packet++) busy.push(events(0, [packet, packet, packet]));
    assert.equal(busy.room, 100);
    assert.equal(busy.length, 100);
  });

  it('holds what a plain list holds that lets go of what is past the horizon, while it grows', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (packets, firstRoom) => {
        const ring = new EventRing({ horizon: 100, capacity: 10_000, firstRoom });
        const all: number[] = [];
        let now = 0;
        for (const deltas of packets) {
          const times = deltas.map((delta) => {
            now += delta;
            return now;
          });
          ring.push(events(all.length, times));
          all.push(...times);
          const recent = all.flatMap((t, i) => (t > now - 100 ? [i] : []));
          assert.deepEqual(inWindow(ring, now - 100, now), recent);
        }
      }),
      { numRuns: 300 },
    );
  });
});
