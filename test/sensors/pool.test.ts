import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { CameraModel, identityTransform } from '../../src/sensors/calibration/index.js';
import { renderPointCloud } from '../../src/sensors/lidar/index.js';
import { Pool } from '../../src/sensors/pool.js';

/** MB of all array buffers after full collections. */
async function buffersMb(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round++) {
    collect();
    await nextTurn();
  }
  return process.memoryUsage().arrayBuffers / 1e6;
}

describe('a pool of workspaces', () => {
  it('gives back what it was given, for the same key only', () => {
    const pool = new Pool<object, string>();
    const [one, other] = [{}, {}];
    pool.give(one, 'a');
    assert.equal(pool.take(other), undefined);
    assert.equal(pool.take(one), 'a');
    assert.equal(pool.take(one), undefined);
  });

  it('never hands one out twice and keeps two of each key at most, whatever is taken and given', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ key: fc.nat(2), what: fc.constantFrom('take', 'give') })), (steps) => {
        const pool = new Pool<object, number>();
        const keys = [{}, {}, {}];
        const taken: number[][] = [[], [], []];
        let made = 0;
        for (const { key, what } of steps) {
          if (what === 'take') taken[key]!.push(pool.take(keys[key]!) ?? made++);
          else if (taken[key]!.length > 0) pool.give(keys[key]!, taken[key]!.pop()!);
          assert.equal(new Set(taken.flat()).size, taken.flat().length);
          assert.ok(pool.kept(keys[key]!) <= 2);
        }
      }),
    );
  });

  it('of clouds keeps no more memory after many were drawn at once than after two', async () => {
    const grid = new CameraModel({ width: 512, height: 512, fx: 400, fy: 400, cx: 256, cy: 256 });
    const placement = { grid, lidarToCamera: identityTransform(), lidarToBase: identityTransform() };
    const numbers = Float32Array.of(1, 2, 3);
    const cloud = { length: 3, x: numbers, y: numbers, z: numbers, intensity: numbers };
    const draw = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          renderPointCloud(cloud, placement, {
            kind: 'range-intensity-height',
            rangeMetres: [1, 80],
            heightMetres: [-1, 7],
            dilation: 0,
          }),
        ),
      );
    await draw(2);
    const before = await buffersMb();
    await draw(40);
    const after = await buffersMb();
    // Each takes 2 MB; the forty pictures of 0.8 MB are garbage.
    assert.ok(after - before < 2, `${before.toFixed(1)} MB before and ${after.toFixed(1)} MB after`);
    assert.equal((await draw(1)).length, 1);
  });
});
