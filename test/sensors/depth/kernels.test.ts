import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { CameraModel } from '../../../src/sensors/calibration/index.js';
import { AngleLevels } from '../../../src/sensors/depth/angle_levels.js';
import { orderStatistic } from '../../../src/sensors/depth/depth_quality.js';
import { SOURCE_SHA256 as NORMALS_SHA256 } from '../../../src/sensors/depth/kernel/normals_wasm.js';
import { SOURCE_SHA256 as RVL_SHA256 } from '../../../src/sensors/depth/kernel/rvl_wasm.js';
import { surfaceNormals } from '../../../src/sensors/depth/normals.js';
import { projectRoot } from '../../support/shared_data.js';
import { cameraInfo } from '../support/messages.js';

/** The plane through the inverse depths around a pixel, sample by sample. */
function naiveNormal(u: number, v: number, width: number, height: number, inverse: Float32Array, rays: Float32Array) {
  const centre = v * width + u;
  const w0 = inverse[centre]!;
  const samples: [number, number, number][] = [];
  for (let row = Math.max(0, v - 2); row <= Math.min(height - 1, v + 2); row++) {
    for (let column = Math.max(0, u - 2); column <= Math.min(width - 1, u + 2); column++) {
      const i = row * width + column;
      const dw = inverse[i]! - w0;
      if (Math.abs(dw) > 0.2 * w0) continue;
      samples.push([rays[3 * i]! - rays[3 * centre]!, rays[3 * i + 1]! - rays[3 * centre + 1]!, dw]);
    }
  }
  const n = samples.length;
  if (w0 === 0 || n < 6) return [0, 0, 0];
  const sum = (term: (sample: readonly [number, number, number]) => number) =>
    samples.reduce((total, sample) => total + term(sample), 0);
  const [sx, sy, sw] = [sum(([x]) => x), sum(([, y]) => y), sum(([, , w]) => w)];
  const mxx = sum(([x]) => x * x) - (sx * sx) / n;
  const mxy = sum(([x, y]) => x * y) - (sx * sy) / n;
  const myy = sum(([, y]) => y * y) - (sy * sy) / n;
  const determinant = mxx * myy - mxy * mxy;
  if (!(determinant > 1e-9 * (mxx + myy) ** 2)) return [0, 0, 0];
  const mxw = sum(([x, , w]) => x * w) - (sx * sw) / n;
  const myw = sum(([, y, w]) => y * w) - (sy * sw) / n;
  const a = (myy * mxw - mxy * myw) / determinant;
  const b = (mxx * myw - mxy * mxw) / determinant;
  const e = w0 + (sw - a * sx - b * sy) / n - a * rays[3 * centre]! - b * rays[3 * centre + 1]!;
  const scale = -1 / Math.sqrt(a * a + b * b + e * e);
  return [a * scale, b * scale, e * scale];
}

describe('kernels of depth', () => {
  it('fit the planes that a loop over samples does, to the bit', async () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 23 }), fc.integer({ min: 1, max: 12 }));
    await fc.assert(
      fc.asyncProperty(sizes, fc.infiniteStream(fc.integer({ min: 0, max: 6000 })), async ([width, height], stream) => {
        const k = [15, 0, width / 2, 0, 14, height / 2, 0, 0, 1];
        const info = cameraInfo({ width, height, k: Float64Array.from(k), d: Float64Array.of(-0.1, 0.02, 0, 0, 0) });
        const outcome = CameraModel.fromCameraInfo(info);
        assert.ok(outcome.kind === 'model');
        const millimetres = Array.from({ length: width * height }, () => stream.next().value as number);
        // Mostly one surface, with noise, steps and holes.
        const metres = Float32Array.from(millimetres, (mm, i) =>
          mm < 900 ? 0 : mm > 4500 ? mm / 300 : 5 + (mm + i) / 9000,
        );
        const rays = await outcome.model.rays();
        const inverse = metres.map((depth) => (depth > 0 ? 1 / depth : 0));
        for (let round = 0; round < 2; round++) {
          const normals = await surfaceNormals({ width, height, metres }, outcome.model);
          for (let i = 0; i < width * height; i++) {
            const expected = naiveNormal(i % width, Math.floor(i / width), width, height, inverse, rays);
            assert.deepEqual(normals.slice(3 * i, 3 * i + 3), Float32Array.from(expected), `pixel ${i}`);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  for (const [name, hash] of [
    ['normals', NORMALS_SHA256],
    ['rvl', RVL_SHA256],
  ] as const) {
    it(`are compiled from the source beside them: ${name}`, () => {
      const source = readFileSync(join(projectRoot, 'src', 'sensors', 'depth', 'kernel', `${name}.as`));
      assert.equal(hash, createHash('sha256').update(source).digest('hex'), 'run `npm run kernel`');
    });
  }
});

describe('AngleLevels', () => {
  it('gives the level computed from the angle, at the ends and between', () => {
    const level = (angle: number) => 1 + Math.round((254 * angle) / Math.PI);
    const levels = new AngleLevels(level);
    const cosines = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(-1, 0, 1, 1 - 1e-12));
    fc.assert(
      fc.property(cosines, (cosine) => assert.equal(levels.at(cosine), level(Math.acos(cosine)))),
      { numRuns: 3000 },
    );
    // Where a level begins.
    for (let i = 1; i < 255; i++) {
      const edge = Math.cos(((i - 0.5) / 254) * Math.PI);
      for (const cosine of [edge - 1e-15, edge, edge + 1e-15]) {
        assert.equal(levels.at(cosine), level(Math.acos(cosine)));
      }
    }
  });
});

describe('orderStatistic', () => {
  it('is what sorting finds', () => {
    const values = fc.array(fc.oneof(fc.float({ min: 0, noNaN: true }), fc.constantFrom(0, 1, 1e-40)), {
      minLength: 1,
    });
    fc.assert(
      fc.property(values, fc.nat(), (list, place) => {
        const rank = place % list.length;
        assert.equal(orderStatistic(Float32Array.from(list), rank), Float32Array.from(list).sort()[rank]);
      }),
    );
  });
});
