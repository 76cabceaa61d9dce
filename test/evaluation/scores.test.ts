import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfusionMatrix, type Scores, scores } from '../../src/evaluation/index.js';
import { projectRoot } from '../support/shared_data.js';

/** Computed by scikit-learn and numpy: see fixtures/make_fixtures.py. */
interface OracleCase {
  name: string;
  classes: number;
  truth: number[];
  prediction: number[];
  matrix: number[][];
  pixelAccuracy: number;
  iou: (number | null)[];
  zero: OracleMeans;
  leftOut: OracleMeans;
}
type OracleMeans = Pick<Scores, 'miou' | 'meanAccuracy' | 'meanF1'>;

const cases = JSON.parse(
  readFileSync(join(projectRoot, 'test/evaluation/fixtures/scores.json'), 'utf8'),
) as OracleCase[];

function matrixOf(classCount: number, prediction: number[], truth: number[]): ConfusionMatrix {
  const matrix = new ConfusionMatrix(classCount);
  matrix.add(Uint8Array.from(prediction), Uint8Array.from(truth));
  return matrix;
}

function close(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) < 1e-12, `${what}: ${actual} is not ${expected}`);
}

describe('scores against scikit-learn', () => {
  for (const oracle of cases) {
    const matrix = matrixOf(oracle.classes, oracle.prediction, oracle.truth);

    it(`counts every pair of classes: ${oracle.name}`, () => {
      const counted = oracle.matrix.map((row, truth) => row.map((_, label) => matrix.count(truth, label)));
      assert.deepEqual(counted, oracle.matrix);
    });

    for (const [convention, means] of [
      ['zero', oracle.zero],
      ['left-out', oracle.leftOut],
    ] as const) {
      it(`gives the means with absent classes ${convention}: ${oracle.name}`, () => {
        const result = scores(matrix, convention);
        assert.equal(result.convention, convention);
        for (const key of ['miou', 'meanAccuracy', 'meanF1'] as const) close(result[key], means[key], key);
        close(result.pixelAccuracy, oracle.pixelAccuracy, 'pixelAccuracy');
        for (const [id, iou] of oracle.iou.entries()) {
          const actual = result.classes[id]!.iou;
          if (iou !== null) close(actual, iou, `IoU of ${id}`);
          else assert.ok(convention === 'zero' ? actual === 0 : Number.isNaN(actual), `IoU of ${id}`);
        }
      });
    }
  }
});

describe('scores by hand', () => {
  // truth 0: two hits, one taken for 1; truth 1: one hit; class 2 nowhere.
  const matrix = matrixOf(3, [0, 0, 1, 1, 0], [0, 0, 0, 1, 255]);

  it('scores IoU, accuracy and F1 of each class', () => {
    const { classes } = scores(matrix, 'left-out');
    assert.deepEqual(
      classes.slice(0, 2).map(({ iou, accuracy, f1 }) => [iou, accuracy, f1]),
      [
        [2 / 3, 2 / 3, 4 / 5],
        [1 / 2, 1, 2 / 3],
      ],
    );
  });

  it('tells the two conventions for absent classes apart', () => {
    close(scores(matrix, 'left-out').miou, (2 / 3 + 1 / 2) / 2, 'left out');
    close(scores(matrix, 'zero').miou, (2 / 3 + 1 / 2) / 3, 'zero');
  });

  it('counts a class that is only predicted, never true, in both conventions', () => {
    const invented = matrixOf(2, [1, 0], [0, 0]);
    assert.equal(scores(invented, 'left-out').miou, (1 / 2 + 0) / 2);
    // It has no ground truth to be found, so its accuracy is left out.
    assert.equal(scores(invented, 'left-out').meanAccuracy, 1 / 2);
  });

  it('counts a prediction that is no class as missed, and as nobody’s false alarm', () => {
    const unlabeled = matrixOf(2, [255, 0, 1], [0, 0, 1]);
    assert.equal(unlabeled.unclassified(0), 1);
    assert.deepEqual(
      scores(unlabeled, 'left-out').classes.map(({ iou }) => iou),
      [1 / 2, 1],
    );
  });

  it('has no score without a scored pixel', () => {
    const nothing = matrixOf(2, [0, 1], [255, 255]);
    assert.ok(Number.isNaN(scores(nothing, 'left-out').miou));
    assert.ok(Number.isNaN(scores(nothing, 'left-out').pixelAccuracy));
    assert.equal(scores(nothing, 'zero').miou, 0);
  });
});

describe('ConfusionMatrix', () => {
  it('takes as many classes as there are ids besides the one that is left out', () => {
    assert.equal(new ConfusionMatrix(255).classCount, 255);
    for (const count of [0, 256, 1.5])
      assert.throws(() => new ConfusionMatrix(count), /Expected an integer from 1 to 255/);
  });

  it('adds images up, by add or by merge', () => {
    const together = matrixOf(3, [0, 1, 2, 2], [0, 1, 1, 2]);
    const merged = matrixOf(3, [0, 1], [0, 1]);
    merged.merge(matrixOf(3, [2, 2], [1, 2]));
    for (let t = 0; t < 3; t++) for (let p = 0; p < 3; p++) assert.equal(merged.count(t, p), together.count(t, p));
  });

  it('stays exact where a float32 matrix no longer counts', () => {
    // 2^24 + 1 is the first integer a float32 cannot hold.
    const matrix = new ConfusionMatrix(1);
    const image = new Uint8Array(2 ** 22);
    for (let i = 0; i < 4; i++) matrix.add(image, image);
    matrix.add(Uint8Array.of(0), Uint8Array.of(0));
    assert.equal(matrix.count(0, 0), 2 ** 24 + 1);
  });

  it('forgets on clear', () => {
    const matrix = matrixOf(2, [0, 1], [0, 0]);
    matrix.clear();
    assert.equal(matrix.truthTotal(0), 0);
  });

  it('refuses a ground-truth id that is no class, and adds nothing then', () => {
    const matrix = matrixOf(2, [0], [0]);
    assert.throws(
      () => matrix.add(Uint8Array.of(0, 0), Uint8Array.of(1, 7)),
      /^RangeError: Expected class ids below 2 or 255 for the ground truth but received 7/,
    );
    assert.equal(matrix.truthTotal(1), 0);
  });

  it('refuses images of different size, another number of classes, and impossible class counts', () => {
    const matrix = new ConfusionMatrix(2);
    assert.throws(() => matrix.add(new Uint8Array(3), new Uint8Array(4)), /Expected as many labels/);
    assert.throws(() => matrix.merge(new ConfusionMatrix(3)), /Expected 2 classes for other but received 3/);
    for (const count of [0, 256, 1.5, Number.NaN]) assert.throws(() => new ConfusionMatrix(count), /for classCount/);
  });
});
