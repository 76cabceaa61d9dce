import assert from 'node:assert/strict';
import { ArrivalClock } from '../../src/node/arrival_clock.js';

const MS = 1_000_000n;

interface Real {
  ms: bigint;
  source: 'system' | 'simulation';
}

/** A clock over one whose time and source the test sets; `told` has what it said of hold-ups, in milliseconds. */
function withClock(use: (clock: ArrivalClock, real: Real, told: { byMs: number; atMs: bigint }[]) => void) {
  return () => {
    const real: Real = { ms: 1000n, source: 'system' };
    const told: { byMs: number; atMs: bigint }[] = [];
    const clock = new ArrivalClock({
      ros: {
        now: () => real.ms * MS,
        get clockSource() {
          return real.source;
        },
      },
      onHeldUp: (by, now) => told.push({ byMs: by / 1e6, atMs: now / MS }),
      // It shall not go on by itself while a slow machine runs the test.
      beatMs: 3_600_000,
    });
    try {
      use(clock, real, told);
    } finally {
      clock.close();
    }
  };
}

describe('ArrivalClock', () => {
  it(
    'is the time of day, and has nothing to say while the process gets to run',
    withClock((clock, real, told) => {
      for (let i = 0; i < 20; i++) {
        assert.equal(clock.now(), real.ms * MS);
        real.ms += i % 2 === 0 ? 13n : 50n;
      }
      assert.deepEqual(told, []);
    }),
  );

  it(
    'says once for how long nothing was done, and is right all the same',
    withClock((clock, real, told) => {
      clock.now();
      for (const step of [180n, 20n, 60_000n, 51n]) {
        real.ms += step;
        assert.equal(clock.now(), real.ms * MS);
        assert.equal(clock.now(), real.ms * MS);
      }
      assert.deepEqual(told, [
        { byMs: 130, atMs: 1180n },
        { byMs: 59_950, atMs: 61_200n },
        { byMs: 1, atMs: 61_251n },
      ]);
    }),
  );

  it(
    'takes a rest for no hold-up',
    withClock((clock, real, told) => {
      clock.now();
      clock.rest();
      real.ms += 7000n;
      clock.now();
      real.ms += 13_000n;
      clock.resume();
      assert.equal(clock.now(), real.ms * MS);
      assert.deepEqual(told, []);
    }),
  );

  it(
    'goes back with the time of day',
    withClock((clock, real, told) => {
      clock.now();
      real.ms = 400n;
      assert.equal(clock.now(), 400n * MS);
      assert.deepEqual(told, []);
    }),
  );

  it(
    'takes simulated time as it comes',
    withClock((clock, real, told) => {
      real.source = 'simulation';
      for (const ms of [1000n, 900_000n, 5n, 0n]) {
        real.ms = ms;
        assert.equal(clock.now(), ms * MS);
      }
      assert.deepEqual(told, []);
    }),
  );
});
