import assert from 'node:assert/strict';
import { Random } from '../../../src/random/random.js';
import { judgeDepth, scatterOf } from '../../../src/sensors/depth/depth_quality.js';
import type { DepthMap } from '../../../src/sensors/depth/index.js';

const [WIDTH, HEIGHT] = [160, 96];

/** A road that rises to the horizon, before a wall with posts in front of it; distances scatter by `noise`. */
function street(noise: number): DepthMap {
  const random = new Random('depth quality', noise);
  const metres = new Float32Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const road = y > 50 ? 150 / (y - 50) : Number.POSITIVE_INFINITY;
      const wall = 30 + 0.1 * x;
      const post = x % 20 < 2 ? 12 : Number.POSITIVE_INFINITY;
      metres[y * WIDTH + x] = Math.max(0.1, Math.min(road, wall, post) * (1 + noise * random.gaussian()));
    }
  }
  return { width: WIDTH, height: HEIGHT, metres };
}

describe('judgeDepth', () => {
  for (const noise of [0.01, 0.05, 0.1, 0.2, 0.3]) {
    it(`finds a scatter of ${100 * noise} % by the neighbours alone`, () => {
      const found = scatterOf(street(noise))!;
      assert.ok(Math.abs(found - noise) < 0.2 * noise + 0.005, `${found}`);
    });
  }

  it('refuses depth that is noise, and no depth a camera would send', () => {
    const judged = [0, 0.03, 0.1, 0.2, 0.4].map((noise) => judgeDepth(street(noise)));
    assert.deepEqual(
      judged.map((quality) => (quality.kind === 'blind' ? quality.reason : 'good')),
      ['good', 'good', 'good', 'noisy', 'noisy'],
    );
  });

  it('refuses less noise where the bundle says that its model is better off without it', () => {
    assert.deepEqual(
      [0.01, 0.05].map((noise) => judgeDepth(street(noise), 0.03).kind),
      ['good', 'blind'],
    );
  });

  it('bears holes, and judges no scatter where no three neighbours are known', () => {
    const holed = street(0.02);
    for (let i = 0; i < holed.metres.length; i += 5) holed.metres[i] = 0;
    assert.equal(judgeDepth(holed).kind, 'good');
    const sparse = street(0.4);
    for (let i = 0; i < sparse.metres.length; i++) if (i % 2 === 0) sparse.metres[i] = 0;
    assert.equal(scatterOf(sparse), undefined);
    assert.equal(judgeDepth(sparse).kind, 'good');
  });

  it('tells a map in which nothing is known', () => {
    const blank: DepthMap = { width: WIDTH, height: HEIGHT, metres: new Float32Array(WIDTH * HEIGHT) };
    assert.deepEqual(judgeDepth(blank), { kind: 'blind', reason: 'no-return' });
  });
});
