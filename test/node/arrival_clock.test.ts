import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ArrivalClock } from '../../src/node/arrival_clock.js';

const MS = 1_000_000n;

/** A clock over one whose time and source the test sets. */
function withClock(use: (clock: ArrivalClock, real: { ms: bigint; source: 'system' | 'simulation' }) => Promise<void>) {
  return async () => {
    const real = { ms: 1000n, source: 'system' as 'system' | 'simulation' };
    const ros = {
      now: () => real.ms * MS,
      get clockSource() {
        return real.source;
      },
    };
    // It shall not go on by itself while a slow machine runs the test.
    const clock = new ArrivalClock(ros, 3_600_000);
    try {
      await use(clock, real);
    } finally {
      clock.close();
    }
  };
}

describe('ArrivalClock', () => {
  it(
    'is the time of day while the process gets to run',
    withClock(async (clock, real) => {
      for (let i = 0; i < 20; i++) {
        assert.equal(clock.now(), real.ms * MS);
        real.ms += 13n;
        await nextTurn();
      }
    }),
  );

  it(
    'makes up turn by turn for the time the process was held up, and ends at the time of day',
    withClock(async (clock, real) => {
      clock.now();
      real.ms += 180n;
      const seen: bigint[] = [];
      for (let turn = 0; turn < 5; turn++) {
        await nextTurn();
        // However many messages come within one turn, they come at once.
        assert.equal(clock.now(), clock.now());
        seen.push(clock.now() / MS);
      }
      assert.deepEqual(seen, [1050n, 1100n, 1150n, 1180n, 1180n]);
    }),
  );

  it(
    'is right at once where the process was held up for longer than messages wait',
    withClock(async (clock, real) => {
      clock.now();
      real.ms += 540n;
      await nextTurn();
      assert.equal(clock.now(), 1050n * MS);
      real.ms += 60_000n;
      await nextTurn();
      assert.equal(clock.now(), real.ms * MS);
    }),
  );

  it(
    'goes back with the time of day',
    withClock(async (clock, real) => {
      clock.now();
      real.ms = 400n;
      assert.equal(clock.now(), 400n * MS);
    }),
  );

  it(
    'takes simulated time as it comes',
    withClock(async (clock, real) => {
      real.source = 'simulation';
      for (const ms of [1000n, 900_000n, 5n, 0n]) {
        real.ms = ms;
        assert.equal(clock.now(), ms * MS);
      }
    }),
  );
});
