import assert from 'node:assert/strict';
import type { FaultWindow } from '../../src/dropout/fault_window.js';
import { HealthLog } from '../../src/dropout/index.js';
import { measureDropout, pairMasks } from '../../src/dropout/metrics.js';
import { packLabels } from '../../src/dropout/packed_labels.js';
import type { MaskRecord, RunRecord } from '../../src/dropout/run_record.js';
import type { Scenario } from '../../src/faults/index.js';

const MS = 1_000_000n;

/** A mask every 100 ms published 10 ms after its stamp; one letter a mask: what it is made from. */
const LETTERS: Readonly<Record<string, readonly string[]>> = { B: ['camera', 'lidar'], C: ['camera'], L: ['lidar'] };

function run(line: string, stale = -1): RunRecord {
  const masks = [...line].flatMap((letter, k): MaskRecord[] => {
    const present = LETTERS[letter];
    if (present === undefined) return [];
    const stamp = BigInt(k) * 100n * MS;
    return [
      {
        stamp,
        arrivedAt: stamp + 5n * MS,
        publishedAt: stamp + 10n * MS,
        present,
        model: 'tiny',
        routing: new Map(),
        // What is seen depends on the moment and on the sensors.
        labels: packLabels({ width: 1, height: 1, labels: Uint8Array.of(k + 20 * present.length) }),
        imageDistance: new Map([['lidar', k === stale ? 151e6 : 50e6]]),
        stampOrigin: 'delivered',
      },
    ];
  });
  const received = [...line].map((_, k) => BigInt(k) * 100n * MS + 5n * MS);
  const span = { first: 0n, last: BigInt(line.length) * 100n * MS };
  return {
    masks,
    groundTruth: new Map(),
    health: new HealthLog(),
    span,
    received: new Map([
      ['camera', received],
      ['lidar', received],
    ]),
  };
}

/** The LiDAR is faulty from 300 to 700 ms. */
const WINDOW: FaultWindow = {
  start: 300n * MS,
  end: 700n * MS,
  ending: 'within',
  spans: [{ modality: 'lidar', from: 300n * MS, to: 700n * MS }],
  affected: new Set(['lidar']),
};

function measure(
  faulty: string,
  {
    clean = 'BBBBBBBBBBBBBBBBBBBB',
    degradation = 'wanted',
    window = WINDOW,
    stale = -1,
  }: { clean?: string; degradation?: Scenario['degradation']; window?: FaultWindow; stale?: number } = {},
) {
  const [a, b] = [run(clean), run(faulty, stale)];
  return measureDropout(pairMasks(a, b), a, b, { window, degradation, staleLimitNs: () => 150e6 });
}

describe('measureDropout', () => {
  it('measures a plain loss by hand: noticed 205 ms after the first message that is missing, back at once', () => {
    //                         fault: 3..6
    assert.deepEqual(measure('BBBBBCCBBBBBBBBBBBBB'), {
      referenceFrames: 4,
      continuityPercent: 100,
      // First message after 300 ms is due at 305; the first mask without LiDAR comes at 510.
      degradeMs: 205,
      recoverMs: 10,
      falseDegradationPercent: 0,
      wrongStamps: 0,
      staleMasks: 0,
      identicalAfterMs: 10,
    });
  });

  it('counts reference frames without a mask', () => {
    assert.equal(measure('BBB..CCBBBBBBBBBBBBB').continuityPercent, 50);
  });

  it('measures recovery up to the first mask with all sensors again', () => {
    const { recoverMs, identicalAfterMs } = measure('BBBCCCCCCBBBBBBBBBBB');
    assert.deepEqual([recoverMs, identicalAfterMs], [210, 210]);
    assert.equal(measure('BBBCCCCCCCCCCCCCCCCC').recoverMs, undefined);
  });

  it('does not call masks identical that differ once more later', () => {
    assert.equal(measure('BBBCCCCBBBBBBCBBBBBB').identicalAfterMs, 710);
    assert.equal(measure('BBBCCCCBBBBBBBBBBBBC').identicalAfterMs, undefined);
  });

  it('calls it false to leave out a healthy sensor, or a faulty one that is still good or long back', () => {
    assert.equal(measure('BBBLLBBBBBBBBBBBBBBB').falseDegradationPercent, 10);
    assert.equal(measure('BBBCCBBBBBBBBBBBBBBB', { degradation: 'unwanted' }).falseDegradationPercent, 10);
    // 0.6 s after the end of the fault are allowed: frames 7 to 12.
    assert.equal(measure('BBBCCCCCCCCCCBBBBBBB').falseDegradationPercent, 0);
    assert.equal(measure('BBBCCCCCCCCCCCBBBBBB').falseDegradationPercent, 5);
  });

  it('asks for nothing the clean run does not have', () => {
    const clean = 'BBBCCCCCCCBBBBBBBBBB';
    const { degradeMs, recoverMs, falseDegradationPercent } = measure(clean, { clean });
    assert.deepEqual([degradeMs, recoverMs, falseDegradationPercent], [undefined, 10, 0]);
  });

  it('sees no recovery where the bag ends with the fault', () => {
    const { recoverMs, identicalAfterMs } = measure('BBBCCCCCCCCCCCCCCCCC', {
      window: { ...WINDOW, ending: 'with-bag' },
    });
    assert.deepEqual([recoverMs, identicalAfterMs], [undefined, undefined]);
  });

  it('counts masks whose picture is too far from their stamp', () => {
    assert.equal(measure('BBBBBBBBBBBBBBBBBBBB', { stale: 4 }).staleMasks, 1);
  });
});

describe('pairMasks', () => {
  it('pairs by stamp within half a period, and by time what stamps do not pair', () => {
    const clean = run('BBBB');
    const move = (mask: MaskRecord, ms: bigint): MaskRecord => ({ ...mask, stamp: mask.stamp + ms * MS });
    const [a, b, c] = run('BBBB').masks as [MaskRecord, MaskRecord, MaskRecord, MaskRecord];
    // The first a little beside, the second with a clock five seconds back, the third twice at once, the fourth missing.
    const faulty: RunRecord = { ...clean, masks: [move(a, 40n), move(b, -5000n), c, move(c, 20n)] };
    const pairs = pairMasks(clean, faulty).map((pair) => `${pair.faulty ? pair.faulty.stamp / MS : '-'} ${pair.by}`);
    assert.deepEqual(pairs, ['40 stamp', '-4900 time', '200 stamp', '- time']);
  });
});
