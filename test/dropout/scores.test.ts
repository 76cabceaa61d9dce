import assert from 'node:assert/strict';
import { HealthLog } from '../../src/dropout/index.js';
import type { MaskPair } from '../../src/dropout/metrics.js';
import { type PackedLabels, packLabels } from '../../src/dropout/packed_labels.js';
import type { MaskRecord, RunRecord } from '../../src/dropout/run_record.js';
import { compareScores } from '../../src/dropout/scores.js';
import type { BundleClass } from '../../src/model/index.js';

const MS = 1_000_000n;
const CLASSES: BundleClass[] = ['road', 'car'].map((name, id) => ({ id, name, color: [id, id, id] as const }));

/** A row of four pixels, one digit each. */
function row(digits: string): PackedLabels {
  return packLabels({ width: 4, height: 1, labels: Uint8Array.from(digits, Number) });
}

function mask(stampMs: number, digits: string): MaskRecord {
  const stamp = BigInt(stampMs) * MS;
  return {
    stamp,
    arrivedAt: stamp,
    publishedAt: stamp,
    model: 'tiny',
    present: ['camera'],
    routing: new Map(),
    labels: row(digits),
    imageDistance: new Map(),
    stampOrigin: 'delivered',
  };
}

function truth(rows: Record<number, string>): RunRecord {
  const groundTruth = new Map(Object.entries(rows).map(([ms, digits]) => [BigInt(ms) * MS, row(digits)]));
  return { masks: [], groundTruth, span: { first: 0n, last: MS }, received: new Map(), health: new HealthLog() };
}

const pair = (clean: MaskRecord, faulty: MaskRecord | undefined, by: MaskPair['by'] = 'stamp'): MaskPair => ({
  clean,
  faulty,
  by,
});

describe('compareScores', () => {
  const clean = mask(0, '0011');

  it('scores each run against the ground truth, over the moments of which all have a mask', () => {
    const later = mask(100, '1111');
    const pairs = [pair(clean, mask(0, '0111')), pair(later, mask(100, '0000'))];
    // The run without the sensor has no mask of the second moment, where the others would score 100 and 0.
    const absent = new Map([[clean, mask(0, '0000')]]);
    const score = compareScores(pairs, absent, truth({ 0: '0011', 100: '1111' }), CLASSES);
    assert.equal(score.frames, 1);
    assert.deepEqual(
      Object.values(score.perClass).map((runs) => Object.values(runs).map((percent: number) => percent.toFixed(3))),
      [
        ['100.000', '50.000', '50.000'],
        ['100.000', '66.667', '0.000'],
      ],
    );
    assert.equal(score.miou.clean, 100);
    assert.ok(Math.abs(score.miou.faulty! - (50 + 200 / 3) / 2) < 1e-9, `${score.miou.faulty}`);
    assert.equal(score.miou.absent, 25);
  });

  it('has no score without a sensor where no sensor would be left', () => {
    const score = compareScores([pair(clean, clean)], undefined, truth({ 0: '0011' }), CLASSES);
    assert.deepEqual(score.miou, { clean: 100, faulty: 100, absent: null });
  });

  it("scores a stand-in's mask by the labels of its moment, and one with a wrong clock by those of the clean mask", () => {
    const labels = truth({ 0: '0011', 100: '1111' });
    const beside = compareScores([pair(clean, mask(40, '0011'))], undefined, labels, CLASSES);
    assert.equal(beside.miou.faulty, 100);
    const wrong = compareScores([pair(clean, mask(100, '0011'), 'time')], undefined, labels, CLASSES);
    assert.equal(wrong.miou.faulty, 100);
  });

  it("takes the clean run's masks for the truth where there is none", () => {
    const score = compareScores(
      [pair(clean, mask(0, '0111'))],
      new Map([[clean, mask(0, '0011')]]),
      truth({}),
      CLASSES,
    );
    assert.equal(score.against, 'clean-masks');
    assert.deepEqual([score.miou.clean, score.miou.absent], [100, 100]);
    assert.ok(score.miou.faulty! < 60, `${score.miou.faulty}`);
  });
});
