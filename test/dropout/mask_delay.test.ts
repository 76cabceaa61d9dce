import assert from 'node:assert/strict';
import type { FaultWindow } from '../../src/dropout/fault_window.js';
import { type DelayedMask, measureDelays } from '../../src/dropout/mask_delay.js';
import { truthOf } from '../../src/dropout/truth.js';
import { parseFault } from '../../src/faults/index.js';

const at = (ms: number) => BigInt(ms) * 1_000_000n;

/** A mask each 100 ms from 0 to 6 s, delayed as told. */
function masks(delayOf: (ms: number) => number): DelayedMask[] {
  return Array.from({ length: 60 }, (_, k) => ({ arrivedAt: at(100 * k), delayMs: delayOf(100 * k) }));
}

function windowOf(fault: string, ending: FaultWindow['ending'] = 'within'): FaultWindow {
  const truth = truthOf(parseFault(fault, 'lidar', 'test'), 'lidar', 'are-well');
  const span = { modality: 'lidar', from: at(1000), to: at(3000), truth };
  return { start: span.from, end: span.to, ending, spans: [span], affected: new Set(['lidar']) };
}

describe('measureDelays', () => {
  const clean = masks(() => 40);
  const slowIn = (from: number, to: number) => masks((ms) => (ms >= from && ms < to ? 100 : 40));

  it('compares masks of the same moments, with room for what is no matter', () => {
    const { during, after } = measureDelays(clean, clean, windowOf('drop'));
    assert.deepEqual(
      [during, after],
      [
        { clean: 40, faulty: 40, boundMs: 60 },
        { clean: 40, faulty: 40, boundMs: 60 },
      ],
    );
  });

  it('leaves out the time in which the fault is noticed, and in which it is over', () => {
    const faulty = (from: number, to: number) => {
      const { during, after } = measureDelays(clean, slowIn(from, to), windowOf('drop'));
      return [during.faulty, after.faulty];
    };
    assert.deepEqual(faulty(1000, 1500), [40, 40]);
    assert.deepEqual(faulty(3000, 3600), [40, 40]);
    assert.deepEqual(faulty(0, 1000), [40, 40]);
    assert.deepEqual(faulty(1500, 3000), [100, 40]);
    assert.deepEqual(faulty(3600, 9000), [40, 100]);
    assert.deepEqual(faulty(1400, 1600), [100, 40]);
    assert.deepEqual(faulty(3500, 3800), [40, 100]);
  });

  it('lets messages that come later delay a mask as much', () => {
    assert.equal(measureDelays(clean, clean, windowOf('fault: delay, byMs: 40')).during.boundMs, 100);
    assert.equal(measureDelays(clean, clean, windowOf('fault: delay, byMs: 40')).after.boundMs, 60);
  });

  it('judges no unsteady sensor, and not before the memory of its rate is over', () => {
    const { during, after } = measureDelays(clean, slowIn(3000, 5000), windowOf('fault: decimate, keepEvery: 2'));
    assert.deepEqual([during.boundMs, after.faulty], [undefined, 40]);
    assert.equal(measureDelays(clean, slowIn(3000, 5100), windowOf('fault: decimate, keepEvery: 2')).after.faulty, 100);
  });

  it('sees nothing after a fault that ends with the bag, nor of too few masks', () => {
    assert.equal(measureDelays(clean, clean, windowOf('drop', 'with-bag')).after.boundMs, undefined);
    assert.equal(measureDelays(clean, clean.slice(0, 17), windowOf('drop')).during.boundMs, undefined);
    assert.equal(measureDelays(clean, clean.slice(0, 18), windowOf('drop')).during.boundMs, 60);
  });

  it('compares with the masks before where there is no other run', () => {
    const before = clean.slice(0, 10);
    const { during } = measureDelays(before, slowIn(1000, 3000), windowOf('drop'), { clean: 'before', marginMs: 150 });
    assert.deepEqual(during, { clean: 40, faulty: 100, boundMs: 210 });
  });
});
