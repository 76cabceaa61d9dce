import assert from 'node:assert/strict';
import { cellHash, Random } from '../../src/random/random.js';
import { GaussianStream, valueNoise } from '../../src/simulation/noise.js';

const draw = (count: number, ...seed: (string | number)[]) => {
  const random = new Random(...seed);
  return Array.from({ length: count }, () => random.next());
};

describe('random streams', () => {
  it('repeat for the same name and differ for another', () => {
    assert.deepEqual(draw(20, 7, 'trees'), draw(20, 7, 'trees'));
    assert.notDeepEqual(draw(20, 7, 'trees'), draw(20, 8, 'trees'));
    assert.notDeepEqual(draw(20, 7, 'trees'), draw(20, 7, 'cars'));
  });

  it('are uniform: mean, variance and ten equal bins', () => {
    const values = draw(100_000, 'uniform');
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    assert.ok(Math.abs(mean - 0.5) < 0.005);
    assert.ok(Math.abs(variance - 1 / 12) < 0.002);
    const bins = new Array<number>(10).fill(0);
    for (const value of values) bins[Math.floor(10 * value)]!++;
    for (const bin of bins) assert.ok(Math.abs(bin - 10_000) < 500);
  });

  it('give normals with mean 0 and variance 1, one by one and from the table', () => {
    const random = new Random('normal');
    const stream = new GaussianStream(5);
    for (const next of [() => random.gaussian(), () => stream.next()]) {
      const values = Array.from({ length: 50_000 }, next);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      assert.ok(Math.abs(mean) < 0.03, `mean ${mean}`);
      assert.ok(Math.abs(variance - 1) < 0.05, `variance ${variance}`);
    }
  });

  it('keep every item when shuffling, in every order', () => {
    const random = new Random('shuffle');
    const orders = new Set(Array.from({ length: 200 }, () => random.shuffled([1, 2, 3]).join('')));
    assert.deepEqual([...orders].sort(), ['123', '132', '213', '231', '312', '321']);
  });

  it('have noise that is smooth and within 0..1, and cells that differ', () => {
    for (let i = 0; i < 500; i++) {
      const [x, y] = [0.37 * i - 60, 0.11 * i];
      const value = valueNoise(x, y);
      assert.ok(value >= 0 && value <= 1);
      assert.ok(Math.abs(valueNoise(x + 0.001, y) - value) < 0.01);
    }
    assert.equal(cellHash(3, -4, 9), cellHash(3, -4, 9));
    assert.notEqual(cellHash(3, -4, 9), cellHash(-4, 3, 9));
  });
});
