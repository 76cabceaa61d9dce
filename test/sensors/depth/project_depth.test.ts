import assert from 'node:assert/strict';
import { CameraModel, identityTransform, type RigidTransform } from '../../../src/sensors/calibration/index.js';
import { type DepthMap, projectDepth, resampleDepth } from '../../../src/sensors/depth/index.js';
import { cameraInfo } from '../support/messages.js';

function camera(width: number, height: number, focal: number, d: number[] = []): CameraModel {
  const k = [focal, 0, (width - 1) / 2, 0, focal, (height - 1) / 2, 0, 0, 1];
  const outcome = CameraModel.fromCameraInfo(cameraInfo({ width, height, k, d }));
  assert.ok(outcome.kind === 'model');
  return outcome.model;
}

function shifted(x: number, y: number, z: number): RigidTransform {
  return { ...identityTransform(), translation: Float64Array.of(x, y, z) };
}

/** Depth of a plane n·X = c seen by a camera, without noise. */
function planeDepth(model: CameraModel, [nx, ny, nz]: readonly number[], c: number): DepthMap {
  const metres = new Float32Array(model.width * model.height);
  const ray = new Float64Array(3);
  for (let v = 0; v < model.height; v++) {
    for (let u = 0; u < model.width; u++) {
      if (!model.unproject(u, v, ray)) continue;
      const d = c / (nx! * ray[0]! + ny! * ray[1]! + nz! * ray[2]!);
      metres[v * model.width + u] = d > 0 && d < 100 ? d : 0;
    }
  }
  return { width: model.width, height: model.height, metres };
}

function single(size: CameraModel, points: [u: number, v: number, metres: number][]): DepthMap {
  const metres = new Float32Array(size.width * size.height);
  for (const [u, v, d] of points) metres[v * size.width + u] = d;
  return { width: size.width, height: size.height, metres };
}

/** Pixels that hold depth, as "u,v" with their depth. */
function known({ width, metres }: DepthMap): Map<string, number> {
  const found = new Map<string, number>();
  for (const [i, d] of metres.entries()) if (d !== 0) found.set(`${i % width},${Math.floor(i / width)}`, d);
  return found;
}

describe('projectDepth', () => {
  const small = camera(41, 31, 40);

  it('puts a point where hand computation puts it', async () => {
    // The middle pixel at 4 m is (0, 0, 4). Moved 0.5 m right and 1 m back it is (0.5, 0, 5): u = 20 + 40 * 0.1.
    const depth = single(small, [[20, 15, 4]]);
    const grid = await projectDepth(depth, small, shifted(0.5, 0, 1), small);
    assert.deepEqual(known(grid), new Map([['24,15', 5]]));
  });

  it('lets the nearest point win, whichever comes first', async () => {
    // Shifting by 1 m moves 10 pixels at 4 m and 5 pixels at 8 m: both land in column 25.
    const near: [number, number, number] = [15, 15, 4];
    const far: [number, number, number] = [20, 15, 8];
    for (const points of [
      [near, far],
      [far, near],
    ]) {
      const grid = await projectDepth(single(small, points), small, shifted(1, 0, 0), small);
      assert.deepEqual(known(grid), new Map([['25,15', 4]]));
    }
  });

  it('drops points behind the camera, beside the picture and where nothing is known', async () => {
    const depth = single(small, [
      [20, 15, 2],
      [40, 15, 9],
    ]);
    // 3 m forward puts the first point behind; the second lands at u = 20 + 40 * 4.5 / 6 = 50.
    assert.equal(known(await projectDepth(depth, small, shifted(0, 0, -3), small)).size, 0);
    const none = { ...depth, metres: new Float32Array(depth.metres.length) };
    assert.equal(known(await projectDepth(none, small, identityTransform(), small)).size, 0);
  });

  it('does not let a point that the lens polynomial would fold back into the picture', async () => {
    const bent = camera(400, 300, 200, [-0.4, 0, 0, 0, 0]);
    // At 45 degrees aside, beyond the fold at 42 degrees.
    const wide = camera(400, 300, 150);
    const depth = single(wide, [[399, 150, 5]]);
    assert.equal(known(await projectDepth(depth, wide, identityTransform(), bent)).size, 0);
  });

  it('leaves no hole in a surface when the depth picture is coarser, finer or turned', async function () {
    this.timeout(120_000);
    const turn = (angle: number): RigidTransform => ({
      rotation: Float64Array.of(
        Math.cos(angle), -Math.sin(angle), 0,
        Math.sin(angle), Math.cos(angle), 0,
        0, 0, 1,
      ), // biome-ignore format: rows
      translation: Float64Array.of(0.08, 0, 0),
    });
    const grid = camera(160, 96, 100, [-0.05, 0.01, 0, 0, 0]);
    for (const [what, depthCamera] of [
      ['a third of the resolution', camera(80, 60, 33)],
      ['about the same', camera(200, 140, 103)],
      ['twice', camera(400, 300, 210)],
      ['four times', camera(720, 480, 410)],
    ] as const) {
      for (const angle of [0, 0.03]) {
        for (const [surface, normal] of [
          ['a wall ahead', [0, 0, 1]],
          ['a wall aslant', [0.6, 0, 0.8]],
        ] as const) {
          const depth = planeDepth(depthCamera, normal, 6);
          const seen = await projectDepth(depth, depthCamera, turn(angle), grid);
          const expected = planeDepth(
            grid,
            [normal[0] * Math.cos(angle), normal[0] * Math.sin(angle), normal[2]],
            6 + normal[0] * 0.08,
          );
          let holes = 0;
          let worst = 0;
          for (let v = 8; v < 88; v++) {
            for (let u = 8; u < 152; u++) {
              const d = seen.metres[v * 160 + u]!;
              if (d === 0) holes++;
              else worst = Math.max(worst, Math.abs(d / expected.metres[v * 160 + u]! - 1));
            }
          }
          assert.equal(holes, 0, `${what}, turned ${angle}, ${surface}`);
          // A splat carries one depth over a coarse pixel, of which nearest wins takes the nearer side.
          assert.ok(worst < 0.06, `${what}, turned ${angle}, ${surface}: ${worst}`);
        }
      }
    }
  });

  it('leaves no hole where the grid camera stands nearer to a surface than the depth camera', async () => {
    const wall = planeDepth(small, [0, 0, 1], 6);
    const seen = await projectDepth(wall, small, shifted(0, 0, -4), small);
    assert.deepEqual(new Set(seen.metres), new Set([2]));
  });

  it('does not smear a fine depth picture: one pixel stays one pixel', async () => {
    const fine = camera(82, 62, 80);
    const grid = await projectDepth(single(fine, [[40, 30, 4]]), fine, identityTransform(), small);
    assert.equal(known(grid).size, 1);
  });
});

describe('resampleDepth', () => {
  it('takes the pixel under each centre and never averages', async () => {
    const depth = { width: 4, height: 2, metres: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    assert.deepEqual([...(await resampleDepth(depth, { width: 2, height: 1 })).metres], [6, 8]);
    assert.deepEqual(
      [...(await resampleDepth(depth, { width: 8, height: 2 })).metres.subarray(0, 8)],
      [1, 1, 2, 2, 3, 3, 4, 4],
    );
    assert.equal(await resampleDepth(depth, { width: 4, height: 2 }), depth);
  });
});
