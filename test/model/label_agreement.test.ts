import assert from 'node:assert/strict';
import { countDifferingLabels } from '../../src/model/index.js';

describe('countDifferingLabels', () => {
  const cases: [a: number[], b: number[], count: number][] = [
    [[], [], 0],
    [[1, 2, 3], [1, 2, 3], 0],
    [[1, 2, 255], [1, 3, 0], 2],
    [[0, 0, 0], [1, 1, 1], 3],
  ];
  for (const [a, b, count] of cases) {
    it(`is ${count} for [${a}] and [${b}]`, () => {
      assert.equal(countDifferingLabels(Uint8Array.from(a), Uint8Array.from(b)), count);
    });
  }

  it('refuses images of different size', () => {
    assert.throws(() => countDifferingLabels(new Uint8Array(3), new Uint8Array(4)), /Expected 3 labels .* received 4/);
  });
});
