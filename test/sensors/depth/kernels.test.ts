import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { CameraModel, type RigidTransform } from '../../../src/sensors/calibration/index.js';
import { AngleLevels } from '../../../src/sensors/depth/angle_levels.js';
import { orderStatistic } from '../../../src/sensors/depth/depth_quality.js';
import { encodeHha, encodePublishedHha } from '../../../src/sensors/depth/index.js';
import { SOURCE_SHA256 as HHA_SHA256 } from '../../../src/sensors/depth/kernel/hha_wasm.js';
import { SOURCE_SHA256 as PROJECT_SHA256 } from '../../../src/sensors/depth/kernel/project_wasm.js';
import { SOURCE_SHA256 as RVL_SHA256 } from '../../../src/sensors/depth/kernel/rvl_wasm.js';
import { projectByKernel } from '../../../src/sensors/depth/project_by_kernel.js';
import { projectThrough } from '../../../src/sensors/depth/project_depth.js';
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

/** HHA pixel by pixel; B as all levels that the cosine's last digits may make. */
function naiveHha(metres: number, ray: readonly number[], normal: readonly number[], published: boolean) {
  const cut = (value: number) => Math.max(0, Math.min(255, Math.floor(value + 1e-3)));
  const height = metres * (UP[0] * ray[0]! + UP[1] * ray[1]! + UP[2]) + 1.5;
  const share = Math.min(1, Math.max(0, (height + 1) / 8));
  const r = published ? cut(31_000 / (100 * metres)) : Math.max(1, Math.round(255 * Math.min(1, 2 / metres)));
  const g = published ? cut(100 * height) : 1 + Math.round(254 * share);
  const [nx, ny, nz] = Float32Array.from(normal) as unknown as [number, number, number];
  const cosine = nx * UP[0] + ny * UP[1] + nz * UP[2];
  const levels = [cosine - 1e-7, cosine, cosine + 1e-7].map((near) => {
    const angle = Math.acos(Math.min(1, Math.max(-1, near)));
    return published ? cut(38 + (180 * angle) / Math.PI) : 1 + Math.round((254 * angle) / Math.PI);
  });
  return { r, g, b: normal.every((part) => part === 0) ? [0] : levels };
}

/** The base frame's z axis, seen by a camera that looks down by 0.2 radians. */
const UP = [0, -Math.cos(0.2), -Math.sin(0.2)] as const;
const TO_BASE: RigidTransform = {
  rotation: Float64Array.of(0, -Math.sin(0.2), Math.cos(0.2), -1, 0, 0, ...UP),
  translation: Float64Array.of(0, 0, 1.5),
};

function modelOf({ width, height, focal, d }: { width: number; height: number; focal: number; d: readonly number[] }) {
  const k = [focal, 0, width / 2, 0, focal, height / 2, 0, 0, 1];
  const outcome = CameraModel.fromCameraInfo(cameraInfo({ width, height, k, d }));
  assert.ok(outcome.kind === 'model');
  return outcome.model;
}

describe('kernels of depth', () => {
  it('make the HHA that a loop over samples does', async () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 23 }), fc.integer({ min: 1, max: 12 }));
    const holes = fc.constantFrom(0, 0.01, 0.1, 0.4);
    const numbers = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
    const property = fc.asyncProperty(sizes, holes, numbers, async ([width, height], share, stream) => {
      const next = () => stream.next().value as number;
      const k = [15, 0, width / 2, 0, 14, height / 2, 0, 0, 1];
      const info = cameraInfo({ width, height, k: Float64Array.from(k), d: Float64Array.of(-0.1, 0.02, 0, 0, 0) });
      const outcome = CameraModel.fromCameraInfo(info);
      assert.ok(outcome.kind === 'model');
      // Mostly one surface, with noise, steps and holes.
      const surface = (i: number) => 5 + next() / 2 + i / 9000;
      const pixel = (i: number) => (next() < share ? 0 : next() < share ? 15 + 5 * next() : surface(i));
      const rays = await outcome.model.rays();
      for (let round = 0; round < 2; round++) {
        const metres = Float32Array.from({ length: width * height }, (_, i) => pixel(i));
        const inverse = metres.map((depth) => (depth > 0 ? 1 / depth : 0));
        const depth = { width, height, metres };
        const images: Record<string, Uint8Array> = {
          reference: await encodeHha(depth, outcome.model, TO_BASE, { nearMetres: 2, heightMetres: [-1, 7] }),
          published: await encodePublishedHha(depth, outcome.model, TO_BASE),
        };
        for (const [name, image] of Object.entries(images)) {
          for (let i = 0; i < width * height; i++) {
            const [r, g, b] = image.subarray(3 * i, 3 * i + 3);
            if (metres[i] === 0) {
              assert.deepEqual([r, g, b], [0, 0, 0]);
              continue;
            }
            const normal = naiveNormal(i % width, Math.floor(i / width), width, height, inverse, rays);
            const ray = [...rays.subarray(3 * i, 3 * i + 3)];
            const expected = naiveHha(metres[i]!, ray, normal, name === 'published');
            assert.deepEqual([r, g], [expected.r, expected.g], `${name}, pixel ${i}`);
            assert.ok(expected.b.includes(b!), `${name}, pixel ${i}: ${b} and not ${expected.b}`);
          }
        }
      }
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('lay depth onto a grid as a loop over points does, to the bit', async () => {
    const sides = fc.integer({ min: 1, max: 24 });
    const small = fc.double({ min: -0.2, max: 0.2, noNaN: true });
    const lens = fc.constantFrom(
      [],
      [-0.3, 0.1, 0.01, -0.02, 0.01],
      [0.1, 0, 0, 0, 0, 0.2, 0.1, 0, 0.01, 0.02, -0.01, 0.03],
    );
    const views = fc.record({ width: sides, height: sides, focal: fc.integer({ min: 5, max: 60 }), d: lens });
    const numbers = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
    const property = fc.asyncProperty(
      views,
      views,
      fc.tuple(small, small, small),
      fc.constantFrom(1, 2, 3),
      numbers,
      async (from, to, [turn, x, z], stride, stream) => {
        const [depthCamera, grid] = [from, to].map(modelOf) as [CameraModel, CameraModel];
        const next = () => stream.next().value as number;
        const metres = Float32Array.from({ length: from.width * from.height }, () => (next() < 0.2 ? 0 : 6 * next()));
        const [c, s] = [Math.cos(turn), Math.sin(turn)];
        const toGrid = { rotation: Float64Array.of(c, 0, s, 0, 1, 0, -s, 0, c), translation: Float64Array.of(x, 0, z) };
        const half = (0.55 * stride * to.focal) / from.focal;
        const splats = { stride, halfWidth: half, halfHeight: half, mostHalf: 4.5 };
        const depth = { width: from.width, height: from.height, metres };
        for (let round = 0; round < 2; round++) {
          const expected = await projectThrough(depth, depthCamera, toGrid, grid, splats);
          assert.deepEqual(await projectByKernel(depth, depthCamera, toGrid, grid, splats), expected);
        }
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });

  for (const [name, hash] of [
    ['hha', HHA_SHA256],
    ['project', PROJECT_SHA256],
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
