import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LatencyMeter, TopicMeter } from '../../src/node/diagnostics/index.js';

const MS = 1_000_000n;
const START = 1_730_800_000_000n * MS;

/** A meter that was told of messages: times of arrival and stamps, in ms from the start. */
function meter(messages: readonly { at: number; stamp?: number }[]): TopicMeter {
  const topic = new TopicMeter();
  for (const { at, stamp } of messages) {
    topic.note(time(at), stamp === undefined ? undefined : time(stamp), 1000);
  }
  return topic;
}

function time(ms: number): bigint {
  return START + BigInt(Math.round(ms * 1e6));
}

describe('TopicMeter', () => {
  const RHYTHMS: [what: string, stamps: number[], hz: number | undefined][] = [
    ['one without a gap', [0, 100, 200, 300, 400], 10],
    ['one with lost messages', [0, 100, 400, 600, 700, 1200], 10],
    ['none where stamps jitter', [0, 100, 230, 300, 445, 500], undefined],
    ['none of too few messages', [0, 100, 300], undefined],
  ];
  for (const [what, stamps, hz] of RHYTHMS) {
    it(`finds the rhythm of stamps: ${what}`, () => {
      const figures = meter(stamps.map((stamp) => ({ at: stamp + 5, stamp }))).figures(time(stamps.at(-1)! + 5));
      if (hz === undefined) assert.equal(figures.steadyHz, undefined);
      else assert.ok(Math.abs(figures.steadyHz! - hz) < 1e-6, `${figures.steadyHz}`);
    });
  }

  it('knows nothing of a topic without messages', () => {
    assert.deepEqual(new TopicMeter().figures(START), {
      messages: 0,
      bytes: 0,
      nonIncreasing: 0,
      rateHz: undefined,
      spanMs: 0,
      stampRateHz: undefined,
      steadyHz: undefined,
      jitter: undefined,
      stampJitter: undefined,
      delayMs: undefined,
      silentForMs: undefined,
    });
  });

  it('measures rate, delay and silence of a regular sensor, by arrival and by stamps', () => {
    const regular = Array.from({ length: 31 }, (_, k) => ({ at: k * 100 + 30, stamp: k * 100 }));
    const figures = meter(regular).figures(time(3050));
    assert.equal(figures.messages, 31);
    assert.equal(figures.bytes, 31_000);
    assert.equal(figures.rateHz, 10);
    assert.equal(figures.stampRateHz, 10);
    assert.equal(figures.delayMs, 30);
    assert.equal(figures.silentForMs, 20);
    assert.ok(figures.jitter!.maxMs < 1e-6, 'no jitter');
  });

  it('tells jitter on the way from jitter of the sensor', () => {
    // Every second message comes 10 ms late: intervals 110, 90, 110, 90 ms.
    const jittery = Array.from({ length: 21 }, (_, k) => ({ at: k * 100 + (k % 2) * 10, stamp: k * 100 }));
    const { jitter, stampJitter } = meter(jittery).figures(time(2000));
    assert.ok(Math.abs(jitter!.meanMs - 10) < 1e-6, `${jitter!.meanMs}`);
    assert.ok(Math.abs(jitter!.maxMs - 10) < 1e-6, `${jitter!.maxMs}`);
    assert.ok(stampJitter!.maxMs < 1e-6, `${stampJitter!.maxMs}`);
  });

  it('forgets a rate once the sensor has been silent for five seconds, but not its messages', () => {
    const topic = meter([{ at: 0 }, { at: 100 }, { at: 200 }]);
    assert.equal(topic.figures(time(5000)).rateHz, 10);
    const later = topic.figures(time(5201));
    assert.equal(later.rateHz, undefined);
    assert.equal(later.messages, 3);
    assert.equal(later.silentForMs, 5001);
  });

  it('follows a change of rate within five seconds', () => {
    const slow = Array.from({ length: 11 }, (_, k) => ({ at: k * 100 }));
    const fast = Array.from({ length: 200 }, (_, k) => ({ at: 1000 + (k + 1) * 50 }));
    assert.equal(meter([...slow, ...fast]).figures(time(11_000)).rateHz, 20);
  });

  it('measures topics with more messages than it remembers', () => {
    const packets = Array.from({ length: 6000 }, (_, k) => ({ at: k, stamp: k - 2 }));
    const figures = meter(packets).figures(time(5999));
    assert.equal(figures.messages, 6000);
    assert.ok(Math.abs(figures.rateHz! - 1000) < 1e-6, `${figures.rateHz}`);
    assert.ok(Math.abs(figures.delayMs! - 2) < 1e-6, `${figures.delayMs}`);
  });

  it('counts stamps that stand still or go back', () => {
    const stamps = [0, 100, 100, 50, 200];
    const figures = meter(stamps.map((stamp, k) => ({ at: k * 100, stamp }))).figures(time(500));
    assert.equal(figures.nonIncreasing, 2);
  });

  it('keeps messages without stamp out of what is measured by stamps', () => {
    const figures = meter([{ at: 0, stamp: -50 }, { at: 100 }, { at: 200, stamp: 150 }]).figures(time(200));
    assert.equal(figures.rateHz, 10);
    assert.equal(figures.stampRateHz, 5);
    assert.equal(figures.delayMs, 50);
  });

  it('starts its rates anew when the clock of arrival is set back', () => {
    const topic = meter([{ at: 10_000 }, { at: 10_100 }, { at: 0 }, { at: 50 }, { at: 100 }]);
    const figures = topic.figures(time(100));
    assert.equal(figures.messages, 5);
    assert.equal(figures.rateHz, 20);
    assert.equal(figures.silentForMs, 0);
  });
});

describe('LatencyMeter', () => {
  it('knows nothing before the first duration', () => {
    assert.equal(new LatencyMeter().figures(), undefined);
  });

  it('agrees with a plain sort of the last 300 durations', () => {
    const durations = fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 700 });
    fc.assert(
      fc.property(durations, (sample) => {
        const latency = new LatencyMeter();
        for (const duration of sample) latency.note(duration);
        const sorted = sample.slice(-300).sort((a, b) => a - b);
        const rank = (p: number) => sorted[Math.ceil((p * sorted.length) / 100) - 1];
        const figures = latency.figures();
        assert.deepEqual(
          [figures?.p50Ms, figures?.p95Ms, figures?.p99Ms, figures?.maxMs],
          [rank(50), rank(95), rank(99), sorted.at(-1)],
        );
        const mean = sorted.reduce((sum, duration) => sum + duration, 0) / sorted.length;
        assert.ok(Math.abs(figures!.meanMs - mean) <= 1e-9 * Math.max(1, mean), `${figures!.meanMs} for ${mean}`);
      }),
      { numRuns: 50 },
    );
  });

  it('starts anew', () => {
    const latency = new LatencyMeter();
    latency.note(1000);
    latency.clear();
    latency.note(3);
    assert.equal(latency.figures()?.maxMs, 3);
  });
});
