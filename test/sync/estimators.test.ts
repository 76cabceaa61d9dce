import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Hysteresis } from '../../src/sync/hysteresis.js';
import { RunningMedian } from '../../src/sync/running_median.js';
import { StreamTiming } from '../../src/sync/stream_timing.js';

const MS = 1e6;

describe('RunningMedian', () => {
  it('agrees with sorting the last values', () => {
    const middle = (values: number[]) => values.sort((one, other) => one - other)[(values.length - 1) >> 1]!;
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), { minLength: 1 }), (values) => {
        const running = new RunningMedian(5);
        for (const value of values) running.push(value);
        const median = middle(values.slice(-5));
        assert.equal(running.median, median);
        assert.equal(running.spread, middle(values.slice(-5).map((value) => Math.abs(value - median))));
        assert.equal(running.count, Math.min(5, values.length));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('is unmoved by outliers, and forgets when cleared', () => {
    const running = new RunningMedian(15);
    assert.equal(running.median, undefined);
    for (const value of [100, 100, 4000, 100, 200, 100, 100]) running.push(value);
    assert.deepEqual([running.median, running.spread], [100, 0]);
    running.clear();
    assert.deepEqual([running.median, running.spread, running.count], [undefined, 0, 0]);
  });
});

describe('Hysteresis', () => {
  const cases: [string, string][] = [
    // b bad, g good, t trip; below, what is believed after each: . nothing, ! a fault, ^ a fault that mends
    ['b b g b b b g b g g b b b', '. . . . . ! ^ ! ^ . . . !'],
    ['t g g', '! ^ .'],
    ['t b g t g g', '! ! ^ ! ^ .'],
    ['g g b', '. . .'],
  ];
  for (const [signs, states] of cases) {
    it(`turns ${signs} into ${states}`, () => {
      const judge = new Hysteresis<string>(3, 2);
      const seen = signs.split(' ').map((sign) => {
        if (sign === 'b') judge.bad('bad');
        else if (sign === 't') judge.trip('bad');
        else judge.good();
        if (judge.fault === undefined) return '.';
        return judge.recovering ? '^' : '!';
      });
      assert.equal(seen.join(' '), states);
    });
  }
});

describe('StreamTiming', () => {
  const feed = (timing: StreamTiming, intervals: readonly number[]) => {
    for (const interval of intervals) timing.observeInterval(interval * MS, interval * MS);
  };

  it('learns the period through losses and an outage, and follows a lasting change', () => {
    const timing = new StreamTiming(undefined);
    assert.equal(timing.period, undefined);
    assert.equal(timing.assumedPeriod, 100 * MS);
    feed(timing, [50, 52, 48, 100, 50, 5000, 49, 51]);
    assert.ok(Math.abs(timing.period! - 50 * MS) <= MS);
    feed(timing, Array(8).fill(200));
    assert.equal(timing.period, 200 * MS);
  });

  it('keeps to a period that is given, and still tells the rates', () => {
    const timing = new StreamTiming(100 * MS);
    feed(timing, [50, 50, 50]);
    assert.equal(timing.period, 100 * MS);
    assert.deepEqual(timing.rates, { stamped: 20, received: 20 });
  });

  it('learns a constant phase of a stream with the rate of the reference, not of another', () => {
    const timing = new StreamTiming(100 * MS);
    for (const distance of [-38, 61, 160, -41, 59, 62, 558, -40]) timing.observePhase(distance * MS);
    assert.ok(Math.abs(timing.phase(100 * MS) + 40 * MS) <= 2 * MS, `${timing.phase(100 * MS) / MS}`);
    assert.equal(timing.bias(100 * MS), -12.5 * MS);
    assert.equal(timing.phase(50 * MS), 0);
    timing.forgetPhase();
    assert.equal(timing.phase(100 * MS), 0);
  });

  it('believes in no phase that scatters', () => {
    const timing = new StreamTiming(100 * MS);
    for (let index = 0; index < 15; index++) timing.observePhase(index * 33 * MS);
    assert.equal(timing.phase(100 * MS), 0);
  });
});
