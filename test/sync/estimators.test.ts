import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RecentValues } from '../../src/sync/recent_values.js';
import { Rhythm } from '../../src/sync/rhythm.js';
import { believe, type Sign } from '../../src/sync/signs.js';

const MS = 1e6;

describe('RecentValues', () => {
  it('agrees with sorting the last values', () => {
    const middle = (values: number[]) => values.sort((one, other) => one - other)[(values.length - 1) >> 1]!;
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), { minLength: 1 }), (values) => {
        const recent = new RecentValues(5, 5, Infinity);
        for (const value of values) recent.push(value, 0);
        const median = middle(values.slice(-5));
        assert.equal(recent.median, median);
        assert.equal(recent.spread, middle(values.slice(-5).map((value) => Math.abs(value - median))));
        assert.equal(recent.count, Math.min(5, values.length));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('is unmoved by outliers', () => {
    const recent = new RecentValues(15, 15, Infinity);
    assert.deepEqual([recent.median, recent.spread], [undefined, 0]);
    for (const value of [100, 100, 4000, 100, 200, 100, 100]) recent.push(value, 0);
    assert.deepEqual([recent.median, recent.spread], [100, 0]);
  });

  it('forgets by age, but for the least it keeps, and what belongs to something else', () => {
    const recent = new RecentValues(15, 2, 10);
    for (const at of [0, 4, 8, 12]) recent.push(at, at);
    assert.deepEqual([recent.count, recent.median], [3, 8]);
    recent.push(100, 100);
    assert.deepEqual([recent.count, recent.median], [2, 12]);
    recent.push(7, 101, 'other');
    assert.deepEqual([recent.count, recent.median], [1, 7]);
  });
});

describe('believe', () => {
  const cases: [string, string][] = [
    // b bad, g good, t trip; below, what is believed after each: . nothing, ! a fault, ^ a fault that mends
    ['b b g b b b g b g g b b b', '. . . . . ! ^ ! ^ . . . !'],
    ['t g g', '! ^ .'],
    ['t b g t g g', '! ! ^ ! ^ .'],
    ['g g b', '. . .'],
  ];
  for (const [signs, states] of cases) {
    it(`turns ${signs} into ${states}`, () => {
      const row = signs.split(' ').map((sign): Sign<string> => {
        if (sign === 'g') return { kind: 'good' };
        return { kind: sign === 't' ? 'trip' : 'bad', fault: 'bad' };
      });
      const seen = row.map((_, index) => {
        const { fault, recovering } = believe(row.slice(0, index + 1), 3, 2);
        if (fault === undefined) return '.';
        return recovering ? '^' : '!';
      });
      assert.equal(seen.join(' '), states);
    });
  }
});

describe('Rhythm', () => {
  const feed = (rhythm: Rhythm, intervals: readonly number[], from = 0) => {
    let now = from;
    for (const interval of intervals) {
      now += interval;
      rhythm.observeInterval(interval * MS, interval * MS, now * MS);
    }
  };

  it('learns the period through losses and an outage, and follows a lasting change', () => {
    const rhythm = new Rhythm(undefined);
    assert.equal(rhythm.period, undefined);
    assert.equal(rhythm.assumedPeriod, 100 * MS);
    feed(rhythm, [50, 52, 48, 100, 50, 5000, 49, 51]);
    assert.ok(Math.abs(rhythm.period! - 50 * MS) <= 2 * MS, `${rhythm.period}`);
    feed(rhythm, Array(8).fill(200), 5400);
    assert.equal(rhythm.period, 200 * MS);
  });

  it('keeps to a period that is given, and still tells the rates', () => {
    const rhythm = new Rhythm(100 * MS);
    feed(rhythm, [50, 50, 50]);
    assert.equal(rhythm.period, 100 * MS);
    assert.deepEqual(rhythm.rates, { stamped: 20, received: 20 });
  });

  it('learns a constant phase of a stream with the rate of the reference, not of another', () => {
    const rhythm = new Rhythm(100 * MS);
    const distances = [-38, 61, 160, -41, 59, 62, 558, -40];
    distances.forEach((distance, index) => {
      rhythm.observePhase(distance * MS, 'camera', index * 100 * MS);
    });
    assert.ok(Math.abs(rhythm.phase(100 * MS) + 40 * MS) <= 2 * MS, `${rhythm.phase(100 * MS) / MS}`);
    assert.equal(rhythm.bias(100 * MS), -12.5 * MS);
    assert.equal(rhythm.phase(50 * MS), 0);
    rhythm.observePhase(0, 'depth', 900 * MS);
    assert.equal(rhythm.phase(100 * MS), 0, 'another reference');
  });

  it('believes in no phase that scatters', () => {
    const rhythm = new Rhythm(100 * MS);
    for (let index = 0; index < 15; index++) rhythm.observePhase(index * 33 * MS, 'camera', index * 50 * MS);
    assert.equal(rhythm.phase(100 * MS), 0);
  });
});
