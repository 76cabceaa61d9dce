import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EvenSample } from '../../src/report/even_sample.js';
import * as format from '../../src/report/format.js';
import { histogram } from '../../src/report/histogram.js';
import { NumberColumn } from '../../src/report/number_column.js';
import { nearestRankPercentile, percentiles } from '../../src/report/percentiles.js';
import { RoutingStatistics } from '../../src/report/routing_statistics.js';
import { StateTimeline, secondsPerState } from '../../src/report/state_timeline.js';

describe('percentiles by nearest rank', () => {
  // The worked example of the method's definition (Wikipedia, "Percentile", nearest-rank method).
  const example = [15, 20, 35, 40, 50];
  for (const [p, expected] of [
    [5, 15],
    [30, 20],
    [40, 20],
    [50, 35],
    [100, 50],
  ] as const) {
    it(`gives ${expected} for the ${p}th of ${example.join(', ')}`, () => {
      assert.equal(nearestRankPercentile(example, p), expected);
    });
  }

  it('does not round ranks up: the 95th of 20 values is the 19th', () => {
    const values = Array.from({ length: 20 }, (_, i) => i + 1);
    assert.equal(nearestRankPercentile(values, 95), 19);
    assert.equal(nearestRankPercentile(values, 55), 11);
  });

  it('sorts by value, not by text, and leaves the sample as it is', () => {
    const sample = [100, 9, 20];
    assert.deepEqual(percentiles(sample), { p50: 20, p95: 100, p99: 100 });
    assert.deepEqual(sample, [100, 9, 20]);
  });

  it('has none of an empty sample, and refuses a percentage that is none', () => {
    assert.deepEqual(percentiles([]), { p50: Number.NaN, p95: Number.NaN, p99: Number.NaN });
    for (const p of [0, -1, 101, Number.NaN]) assert.throws(() => nearestRankPercentile([1], p), /for p but received/);
  });

  it('is the smallest value that p percent do not exceed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 100 }),
        (values, p) => {
          const sorted = [...values].sort((a, b) => a - b);
          const result = nearestRankPercentile(sorted, p);
          const covered = (limit: number) => sorted.filter((value) => value <= limit).length * 100;
          assert.ok(covered(result) >= p * sorted.length);
          assert.ok(covered(result - 1) < p * sorted.length);
        },
      ),
    );
  });
});

describe('EvenSample', () => {
  it('keeps between half and all of its capacity, evenly spaced from the first element', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 10 }), async (length, half) => {
        const capacity = half * 2;
        const sample = new EvenSample<number>(capacity);
        let made = 0;
        for (let i = 0; i < length; i++) {
          await sample.offer(() => {
            made++;
            return i;
          });
        }
        const { items } = sample;
        const stride = items.length > 1 ? items[1]! - items[0]! : 1;
        assert.equal(items[0], 0);
        for (const [index, item] of items.entries()) assert.equal(item, index * stride);
        assert.ok(items.length <= capacity);
        assert.ok(length < capacity ? items.length === length : items.length >= half);
        assert.ok(made < 2 * capacity + capacity * Math.log2(length + 1), 'only kept elements are made');
        assert.ok(length - 1 - items.at(-1)! < stride, 'the last elements are covered');
      }),
    );
  });

  it('makes only what it keeps where the length is known', async () => {
    for (const length of [1, 79, 80, 81, 120, 161, 1000]) {
      const sample = new EvenSample<number>(80, length);
      let made = 0;
      for (let i = 0; i < length; i++) await sample.offer(() => made++);
      assert.equal(made, sample.items.length);
      assert.ok(made >= Math.min(length, 40) && made <= 80, `${made} of ${length}`);
    }
  });

  it('refuses an odd capacity: halving would break the spacing', () => {
    assert.throws(() => new EvenSample(5), /even integer/);
  });
});

describe('StateTimeline', () => {
  it('turns changes into spans, waiting before the first one', () => {
    const timeline = new StateTimeline();
    timeline.change(1, 'active');
    timeline.change(4, 'late', 'no message for 150 ms');
    timeline.change(5, 'dropped');
    assert.deepEqual(timeline.spans(7), [
      { state: 'waiting', from: 0, to: 1 },
      { state: 'active', from: 1, to: 4 },
      { state: 'late', from: 4, to: 5, reason: 'no message for 150 ms' },
      { state: 'dropped', from: 5, to: 7 },
    ]);
    assert.equal(timeline.changes, 3);
    assert.deepEqual(secondsPerState(timeline.spans(7)), { waiting: 1, active: 3, late: 1, dropped: 2 });
  });

  it('ignores calls without a change, and keeps a clock that jumps back from making negative spans', () => {
    const timeline = new StateTimeline();
    timeline.change(2, 'active');
    timeline.change(3, 'active');
    timeline.change(1, 'dropped');
    timeline.change(4, 'active');
    assert.deepEqual(timeline.spans(4), [
      { state: 'waiting', from: 0, to: 2 },
      { state: 'dropped', from: 2, to: 4 },
    ]);
    assert.equal(timeline.changes, 3);
  });

  it('covers the whole time without gaps or overlaps', () => {
    const states = ['active', 'late', 'dropped', 'recovering', 'invalid'] as const;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.constantFrom(...states))), (changes) => {
        const timeline = new StateTimeline();
        for (const [seconds, state] of changes) timeline.change(seconds, state);
        const end = Math.max(1, ...changes.map(([seconds]) => seconds));
        const spans = timeline.spans(end);
        assert.equal(spans[0]!.from, 0);
        for (const [index, span] of spans.entries()) assert.equal(span.to, spans[index + 1]?.from ?? end);
      }),
    );
  });
});

describe('histogram', () => {
  it('counts every value once, outliers in the last bin', () => {
    const { binWidth, counts, beyond } = histogram([0, 0.5, 1, 9.99, 10, 500], 10, 10);
    assert.equal(binWidth, 1);
    assert.deepEqual(counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 3]);
    assert.equal(beyond, 1);
  });

  it('has round bin widths and never more bins than asked for', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e6, noNaN: true }), fc.integer({ min: 1, max: 60 }), (upper, bins) => {
        const { binWidth, counts } = histogram([upper / 2], upper, bins);
        assert.match(binWidth.toExponential(), /^[125](\.0+\d?)?e/);
        assert.ok(counts.length <= bins);
        assert.equal(
          counts.reduce((sum, count) => sum + count, 0),
          1,
        );
      }),
    );
  });
});

describe('RoutingStatistics', () => {
  it('averages over levels and masks, an absent modality counting as 0', () => {
    const statistics = new RoutingStatistics(['camera', 'lidar']);
    statistics.add(
      new Map([
        ['camera', [0.4, 0.6]],
        ['lidar', [0.6, 0.4]],
      ]),
      'day',
    );
    statistics.add(new Map([['camera', [1, 1]]]), 'night');
    const summary = statistics.summary()!;
    assert.deepEqual(summary.camera, {
      mean: 0.75,
      meanWhenPresent: 0.75,
      perLevel: [0.7, 0.8],
      stretches: { day: 0.5, night: 1 },
    });
    assert.deepEqual(summary.lidar, {
      mean: 0.25,
      meanWhenPresent: 0.5,
      perLevel: [0.6, 0.4],
      stretches: { day: 0.5, night: 0 },
    });
    assert.deepEqual([...statistics.perFrame()!.get('lidar')!], [0.5, Number.NaN]);
  });

  it('has no figures without a mask', () => {
    const expected = { mean: null, meanWhenPresent: null, perLevel: [], stretches: {} };
    assert.deepEqual(new RoutingStatistics(['camera']).summary(), { camera: expected });
  });
});

describe('NumberColumn', () => {
  it('keeps all values while it grows', () => {
    const column = new NumberColumn();
    for (let i = 0; i < 1000; i++) column.push(i);
    assert.equal(column.length, 1000);
    assert.deepEqual(
      [...column.view()],
      Array.from({ length: 1000 }, (_, i) => i),
    );
  });
});

describe('numbers in the report', () => {
  const NARROW = '\u202f';
  for (const [actual, expected] of [
    [format.percentText(54.26), `54.3${NARROW}%`],
    [format.percentText(null), '–'],
    [format.millisecondsText(0.123), `0.12${NARROW}ms`],
    [format.millisecondsText(12.34), `12.3${NARROW}ms`],
    [format.millisecondsText(1234.5), `1235${NARROW}ms`],
    [format.millisecondsText(Number.NaN), '–'],
    [format.countText(1234567), `1${NARROW}234${NARROW}567`],
    [format.plural(1, 'frame'), '1 frame'],
    [format.plural(2, 'class', 'classes'), '2 classes'],
    [format.className('lane_marking'), 'lane marking'],
  ] as const) {
    it(`writes ${expected}`, () => assert.equal(actual, expected));
  }
});
