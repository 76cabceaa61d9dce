import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StretchedClock } from '../../src/sync/stretched_clock.js';

const MS = 1e6;

/** Paces one after the other, each with the time for which it holds, milliseconds. */
const legs = fc.array(
  fc.record({
    slowness: fc.oneof(fc.constant(1), fc.double({ min: 0.05, max: 20, noNaN: true })),
    forMs: fc.nat(5000),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('StretchedClock', () => {
  it('is the receive clock until it is stretched', () => {
    const clock = new StretchedClock();
    clock.setSlowness(1, 5 * MS);
    assert.deepEqual(
      [clock.isReal, clock.ownTime(7.5), clock.realTime(7.5), clock.realTimeFrom(7.5)],
      [true, 7.5, 7.5, 7.5],
    );
  });

  it('runs as slowly as it is told, and differs by whole slots of time afterwards', () => {
    const clock = new StretchedClock();
    clock.setSlowness(4, 1000 * MS);
    assert.deepEqual([clock.ownTime(1400 * MS), clock.realTime(1100 * MS)], [1100 * MS, 1400 * MS]);
    clock.setSlowness(1, 1443 * MS);
    const behind = 1443 * MS - clock.ownTime(1443 * MS);
    assert.equal(behind % (25 * MS), 0);
    assert.equal(clock.ownTime(2000 * MS), 2000 * MS - behind);
  });

  it('never goes back, and shows at each wake-up what was asked for', () => {
    fc.assert(
      fc.property(legs, fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }), (paces, steps) => {
        const clock = new StretchedClock();
        let now = 1_000_000 * MS;
        let own = clock.ownTime(now);
        for (const { slowness, forMs } of paces) {
          clock.setSlowness(slowness, now);
          assert.ok(clock.ownTime(now) >= own);
          own = clock.ownTime(now);
          for (const step of steps) {
            const later = now + (forMs * MS * step) / 1000;
            assert.ok(clock.ownTime(later) >= own);
            const due = own + step * MS;
            const wakeUp = clock.realTimeFrom(due);
            assert.ok(clock.ownTime(wakeUp) >= due);
            assert.ok(clock.ownTime(wakeUp - 2) < due);
            // What is told of it is true to a nanosecond or so.
            assert.ok(Math.abs(clock.realTime(clock.ownTime(later)) - later) <= 2 * Math.max(1, slowness));
          }
          now += forMs * MS;
          own = clock.ownTime(now);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('goes back by as much as the receive clock does', () => {
    const clock = new StretchedClock();
    clock.setSlowness(4, 1000 * MS);
    assert.equal(clock.ownTime(400 * MS), 400 * MS);
  });
});
