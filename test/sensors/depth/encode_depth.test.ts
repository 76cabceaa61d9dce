import assert from 'node:assert/strict';
import { CameraModel, type RigidTransform } from '../../../src/sensors/calibration/index.js';
import { type DepthMap, encodeDepth, encodeHha, encodePublishedHha } from '../../../src/sensors/depth/index.js';
import { cameraInfo } from '../support/messages.js';

const HHA = { nearMetres: 2, heightMetres: [-1, 7] } as const;

/** An optical frame 1.5 m above the ground, looking straight ahead (REP-103), and then down by `pitch` radians. */
function cameraToBase(pitch = 0): RigidTransform {
  const [c, s] = [Math.cos(pitch), Math.sin(pitch)];
  return {
    // Columns are the optical axes x (right), y (down), z (forward) in the base frame.
    rotation: Float64Array.from([0, -s, c, -1, 0, 0, 0, -c, -s]),
    translation: Float64Array.of(0, 0, 1.5),
  };
}

describe('encodeDepth', () => {
  const depth: DepthMap = { width: 6, height: 1, metres: Float32Array.of(0, 1, 2, 4, 50, 5000) };
  const channels = (image: Uint8Array) => Array.from({ length: 6 }, (_, i) => [...image.subarray(3 * i, 3 * i + 3)]);
  const grey = (levels: number[]) => levels.map((level) => [level, level, level]);

  it('inverse: 255 near / d, clamped, 0 only where nothing is known', async () => {
    const image = await encodeDepth(depth, { kind: 'inverse', nearMetres: 2 });
    assert.deepEqual(channels(image), grey([0, 255, 255, 128, 10, 1]));
  });

  it('linear: near is bright, the far end 1, 0 only where nothing is known', async () => {
    const image = await encodeDepth(depth, { kind: 'linear', farMetres: 100 });
    assert.deepEqual(channels(image), grey([0, 252, 250, 245, 128, 1]));
  });
});

describe('encodeHha', () => {
  const [width, height, focal] = [160, 96, 100];
  const k = [focal, 0, (width - 1) / 2, 0, focal, (height - 1) / 2, 0, 0, 1];
  const outcome = CameraModel.fromCameraInfo(cameraInfo({ width, height, k, d: [-0.08, 0.01, 0, 0, 0] }));
  assert.ok(outcome.kind === 'model');
  const grid = outcome.model;

  /** Renders the plane of points p with normal · p = offset in the base frame. */
  function render(normal: readonly number[], offset: number, toBase: RigidTransform): DepthMap {
    const { rotation: r, translation: t } = toBase;
    const ray = new Float64Array(3);
    const metres = new Float32Array(width * height);
    for (let i = 0; i < metres.length; i++) {
      grid.unproject(i % width, Math.floor(i / width), ray);
      let along = 0;
      let from = offset;
      for (const axis of [0, 1, 2]) {
        along += normal[axis]! * (r[3 * axis]! * ray[0]! + r[3 * axis + 1]! * ray[1]! + r[3 * axis + 2]! * ray[2]!);
        from -= normal[axis]! * t[axis]!;
      }
      const d = from / along;
      if (d > 0.3 && d < 40) metres[i] = d;
    }
    return { width, height, metres };
  }

  const aslant = [Math.SQRT1_2, 0, Math.SQRT1_2];
  const surfaces: [
    what: string,
    normal: readonly number[],
    offset: number,
    angleDegrees: number,
    heightMetres?: number,
  ][] = [
    ['the road', [0, 0, 1], 0, 0, 0],
    ['a kerb', [0, 0, 1], 0.15, 0, 0.15],
    ['a wall ahead', [1, 0, 0], 8, 90],
    ['a wall to the left', [0, 1, 0], 3, 90],
    ['a ceiling', [0, 0, 1], 4, 180, 4],
    ['a ramp that rises ahead at 45 degrees', [-Math.SQRT1_2, 0, Math.SQRT1_2], -4, 45],
    ['a roof slope seen from below', aslant, 8, 135],
  ];
  for (const pitch of [0, 0.2]) {
    for (const [what, normal, offset, angleDegrees, heightMetres] of surfaces) {
      it(`${what}, camera pitched by ${pitch}`, async () => {
        const toBase = cameraToBase(pitch);
        const depth = render(normal, offset, toBase);
        const image = await encodeHha(depth, grid, toBase, HHA);
        let compared = 0;
        for (let v = 4; v < height - 4; v++) {
          for (let u = 4; u < width - 4; u++) {
            const i = v * width + u;
            const d = depth.metres[i]!;
            if (d === 0) {
              assert.deepEqual([...image.subarray(3 * i, 3 * i + 3)], [0, 0, 0]);
              continue;
            }
            assert.equal(image[3 * i], Math.max(1, Math.round(255 * Math.min(1, 2 / d))));
            if (heightMetres !== undefined) {
              assert.ok(
                Math.abs(image[3 * i + 1]! - (1 + (254 * (heightMetres + 1)) / 8)) <= 1,
                `height at ${u}, ${v}`,
              );
            }
            const angle = image[3 * i + 2]!;
            // At the end of the rendered range planes have too few samples.
            if (angle === 0) continue;
            assert.ok(Math.abs(angle - (1 + (254 * angleDegrees) / 180)) <= 1.5, `angle ${angle} at ${u}, ${v}`);
            compared++;
          }
        }
        assert.ok(compared > 500, `only ${compared} pixels compared`);
      });
    }
  }

  it('writes the bytes of the published encoder where that is named', async () => {
    const toBase = cameraToBase();
    // 31000 / 400 cm = 77, 31000 / 1148 cm = 27; a wall's height at a pixel follows from its ray.
    for (const [what, normal, offset, blue] of [
      ['floor', [0, 0, 1], 0, 38],
      ['wall', [1, 0, 0], 11.48, 128],
      ['ramp', [-Math.SQRT1_2, 0, Math.SQRT1_2], -4, 83],
      ['ceiling', [0, 0, 1], 4, 218],
    ] as const) {
      const depth = render(normal, offset, toBase);
      const image = await encodePublishedHha(depth, grid, toBase);
      const rays = await grid.rays();
      let compared = 0;
      for (let v = 4; v < height - 4; v++) {
        for (let u = 4; u < width - 4; u++) {
          const i = v * width + u;
          const d = depth.metres[i]!;
          if (d === 0) continue;
          const [r, g, b] = image.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
          assert.equal(r, Math.min(255, Math.floor(31_000 / (100 * d) + 1e-3)), what);
          const { rotation, translation } = toBase;
          const up = [6, 7, 8].reduce((sum, j, axis) => sum + rotation[j]! * rays[3 * i + axis]!, 0);
          const centimetres = 100 * (d * up + translation[2]!);
          assert.ok(Math.abs(g - Math.min(255, Math.max(0, centimetres))) <= 1, `${what}: height ${g}`);
          if (b === 0) continue;
          assert.ok(Math.abs(b - blue) <= 1.5, `${what}: angle ${b} at ${u}, ${v}`);
          compared++;
        }
      }
      assert.ok(compared > 500, `${what}: only ${compared} pixels compared`);
    }
  });

  it('keeps the floor a floor under the noise of a stereo camera', async () => {
    const toBase = cameraToBase();
    const depth = render([0, 0, 1], 0, toBase);
    // Disparity noise of a tenth of a pixel with 10 cm baseline, deterministic.
    let state = 1;
    for (let i = 0; i < depth.metres.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const noise = ((state / 2 ** 32) * 2 - 1) * 0.17;
      if (depth.metres[i]! > 0) depth.metres[i] = 1 / (1 / depth.metres[i]! + noise / (focal * 0.5));
    }
    const image = await encodeHha(depth, grid, toBase, HHA);
    const angles: number[] = [];
    for (let i = 0; i < depth.metres.length; i++) {
      const d = depth.metres[i]!;
      if (d > 0 && d < 15 && image[3 * i + 2] !== 0) angles.push(((image[3 * i + 2]! - 1) * 180) / 254);
    }
    angles.sort((a, b) => a - b);
    assert.ok(angles[angles.length >> 1]! < 20, `median angle ${angles[angles.length >> 1]} degrees`);
  });

  it('gives no angle to a lone pixel, and does not mix a pole with the wall behind it', async () => {
    const toBase = cameraToBase();
    const wall = render([1, 0, 0], 20, toBase);
    for (let v = 0; v < height; v++) for (const u of [80, 81, 82]) wall.metres[v * width + u] = 5;
    const image = await encodeHha(wall, grid, toBase, HHA);
    for (const u of [77, 78, 79, 80, 81, 82, 83, 84, 85]) {
      const angle = image[3 * (40 * width + u) + 2]!;
      assert.ok(Math.abs(angle - 128) <= 2, `angle ${angle} in column ${u}`);
    }
    const lone = { width, height, metres: new Float32Array(width * height) };
    lone.metres[40 * width + 80] = 5;
    assert.equal((await encodeHha(lone, grid, toBase, HHA))[3 * (40 * width + 80) + 2], 0);
  });
});
