import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CLASS } from '../../src/simulation/classes.js';
import { poseFromAngles } from '../../src/simulation/pose.js';
import type { Pen } from '../../src/simulation/primitives.js';
import { Caster } from '../../src/simulation/render/caster.js';
import { SURFACE } from '../../src/simulation/render/hits.js';
import { PinholeGrid } from '../../src/simulation/render/pinhole_grid.js';
import type { RayGrid } from '../../src/simulation/render/ray_grid.js';
import { SpinningGrid } from '../../src/simulation/render/spinning_grid.js';
import { RIG } from '../../src/simulation/sensors/rig_geometry.js';
import { World } from '../../src/simulation/world/world.js';
import { carMaterial, lookingForward, quarterCamera, SMALL_CAMERA, sceneWith, smallGrid } from './support/scenes.js';

const at = (column: number, row: number) => row * SMALL_CAMERA.width + column;

describe('ray casting', () => {
  it('sees a box at its distance and with its hand-computed extent', () => {
    // Front face at x = 10, 2 m wide and 1 m high, its middle at the camera's height: +-1/10 and +-0.5/10 of the focal
    // length 100 are +-10 and +-5 pixels about the principal point (49.5, 39.5).
    const scene = sceneWith((pen) => pen.box(carMaterial, 11, 0, 3, 1, 1, 0.5));
    const { distance, label } = new Caster(smallGrid()).cast(scene, lookingForward(3));
    assert.ok(Math.abs(distance[at(50, 40)]! - 10) < 1e-5);
    const columns = [...Array(100).keys()].filter((u) => label[at(u, 40)] === CLASS.car);
    const rows = [...Array(80).keys()].filter((v) => label[at(50, v)] === CLASS.car);
    assert.deepEqual([columns[0], columns.at(-1)], [40, 59]);
    assert.deepEqual([rows[0], rows.at(-1)], [35, 44]);
  });

  it('gives every pixel of a frontal face the same depth, because depth is z and not range', () => {
    const scene = sceneWith((pen) => pen.box(carMaterial, 11, 0, 3, 1, 4, 2));
    const { distance, surface } = new Caster(smallGrid()).cast(scene, lookingForward(3));
    const face = [...distance].filter((_, i) => surface[i] === 0);
    assert.ok(face.length > 2500, `${face.length} pixels`);
    for (const z of face) assert.ok(Math.abs(z - 10) < 1e-5);
  });

  it('has the carriageway at depth = height * focal / (row - centre)', () => {
    const { distance, label } = new Caster(smallGrid()).cast(
      sceneWith(() => {}),
      lookingForward(1.5),
    );
    for (const row of [50, 60, 79]) {
      assert.ok(Math.abs(distance[at(50, row)]! - (1.5 * 100) / (row - 39.5)) < 1e-4, `row ${row}`);
    }
    assert.equal(label[at(50, 10)], CLASS.sky);
    assert.equal(distance[at(50, 10)], Number.POSITIVE_INFINITY);
  });

  it('raises the sidewalk by the kerb and shows the kerb between', () => {
    const { surface, distance, label } = new Caster(smallGrid()).cast(
      sceneWith(() => {}),
      lookingForward(1.5),
    );
    const row = 50;
    const line = [...Array(100).keys()].map((u) => label[at(u, row)]);
    assert.equal(line[50], CLASS.laneMarking);
    assert.equal(surface[at(50, row)], SURFACE.carriageway);
    const sidewalk = line.indexOf(CLASS.sidewalk);
    assert.equal(surface[at(sidewalk, row)], SURFACE.raised);
    assert.ok(Math.abs(distance[at(sidewalk, row)]! - (1.35 * 100) / 10.5) < 1e-4);
    assert.ok([...surface].includes(SURFACE.kerb));
  });

  it('measures the same point by LiDAR range and camera depth along the same ray', () => {
    const world = new World('same ray', 1);
    const scene = world.sceneAt(0.2);
    const pinhole = smallGrid();
    const asLidar = scaledToUnitLength(pinhole);
    const pose = lookingForward(1.6, 0.1, 0.05);
    const depth = new Caster(pinhole).cast(scene, pose).distance.slice();
    const range = new Caster(asLidar).cast(scene, pose).distance;
    for (let i = 0; i < depth.length; i++) {
      const length = Math.hypot(pinhole.directions.x[i]!, pinhole.directions.y[i]!, 1);
      if (Number.isFinite(depth[i])) assert.ok(Math.abs(range[i]! / (depth[i]! * length) - 1) < 1e-4);
    }
  });

  for (const [name, grid] of [
    ['the distorted camera', new PinholeGrid(quarterCamera())],
    ['the LiDAR', new SpinningGrid(RIG.lidar.elevations, RIG.lidar.columns, RIG.lidar.sector)],
  ] as const) {
    it(`misses nothing by looking for a primitive only where ${name} can see it`, () => {
      const scene = new World('windows', 1).sceneAt(0.4);
      const pose = name === 'the LiDAR' ? poseFromAngles(1, -1.6, 1.8, 0.05) : lookingForward(1.5, 0.05, 0.03);
      const quick = new Caster(grid, Number.POSITIVE_INFINITY).cast(scene, pose);
      const thorough = new Caster(seeingEverywhere(grid), Number.POSITIVE_INFINITY).cast(scene, pose);
      // Not the surfaces: of two that coincide either may win.
      assert.equal(Buffer.compare(Buffer.from(quick.distance.buffer), Buffer.from(thorough.distance.buffer)), 0);
    });
  }
});

describe('shapes', () => {
  // Points on a surface satisfy its implicit equation, whichever ray found them.
  const cast = (draw: (pen: Pen) => void): { points: { x: number; y: number; z: number }[] } => {
    const scene = sceneWith(draw);
    const caster = new Caster(smallGrid());
    const { distance, surface } = caster.cast(scene, lookingForward(2, 0.02), 'without');
    const points = [...surface.keys()]
      .filter((i) => surface[i] === 0)
      .map((i) => ({
        x: caster.rays.originX + distance[i]! * caster.rays.x[i]!,
        y: caster.rays.originY + distance[i]! * caster.rays.y[i]!,
        z: caster.rays.originZ + distance[i]! * caster.rays.z[i]!,
      }));
    return { points };
  };
  const size = fc.double({ min: 0.3, max: 1.5, noNaN: true });
  const angle = fc.double({ min: -3, max: 3, noNaN: true });

  it('ellipsoid', () => {
    fc.assert(
      fc.property(size, size, size, angle, (a, b, c, yaw) => {
        const { points } = cast((pen) => pen.moveTo(8, 0, 2, yaw).ellipsoid(carMaterial, 0, 0, 0, a, b, c));
        assert.ok(points.length > 10);
        for (const { x, y, z } of points) {
          const [dx, dy] = [Math.cos(yaw) * (x - 8) + Math.sin(yaw) * y, Math.cos(yaw) * y - Math.sin(yaw) * (x - 8)];
          assert.ok(Math.abs((dx / a) ** 2 + (dy / b) ** 2 + ((z - 2) / c) ** 2 - 1) < 1e-3);
        }
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  it('capsule', () => {
    fc.assert(
      fc.property(angle, angle, size, (p, q, radius) => {
        const b = [8 + Math.cos(p), Math.sin(p) * Math.cos(q), 2 + Math.sin(q)] as const;
        const { points } = cast((pen) => pen.capsule(carMaterial, [8, 0, 2], b, 0.4 * radius));
        assert.ok(points.length > 3);
        for (const { x, y, z } of points) {
          const [ux, uy, uz] = [b[0] - 8, b[1], b[2] - 2];
          const along = ((x - 8) * ux + y * uy + (z - 2) * uz) / (ux * ux + uy * uy + uz * uz);
          const t = Math.min(1, Math.max(0, along));
          const gap = Math.hypot(x - 8 - t * ux, y - t * uy, z - 2 - t * uz);
          assert.ok(Math.abs(gap - 0.4 * radius) < 1e-3);
        }
      }),
      { numRuns: 25, seed: 2 },
    );
  });

  it('frustum: its top is as small as given and its bottom as large', () => {
    const { points } = cast((pen) =>
      pen.frustum(carMaterial, [8, 0, 2], [1, 1.2, 0.8], { front: 0.6, rear: -0.4, half: 0.5 }),
    );
    const width = (low: number, high: number) =>
      Math.max(...points.filter(({ z }) => z > low && z < high).map(({ y }) => Math.abs(y)));
    assert.ok(Math.abs(width(1.2, 1.32) - 1.2) < 0.1, `bottom ${width(1.2, 1.32)}`);
    assert.ok(Math.abs(width(2.68, 2.8) - 0.5) < 0.1, `top ${width(2.68, 2.8)}`);
    // The rear, which faces the camera, leans from x = 7 at the bottom to 7.6 at the top.
    for (const { x, y, z } of points.filter((point) => Math.abs(point.y) < 0.3)) {
      if (z < 2.79) assert.ok(Math.abs(x - (7 + (0.6 * (z - 1.2)) / 1.6)) < 1e-3, `${x} ${y} ${z}`);
    }
  });
});

/** The same rays with unit length, so that the hit's parameter is a range. */
function scaledToUnitLength(grid: PinholeGrid): RayGrid {
  const { x, y, z } = grid.directions;
  const length = x.map((_, i) => Math.hypot(x[i]!, y[i]!, z[i]!));
  const scale = (values: Float32Array) => values.map((value, i) => value / length[i]!);
  return {
    width: grid.width,
    height: grid.height,
    pitch: grid.pitch,
    directions: { x: scale(x), y: scale(y), z: scale(z) },
    window: (corners, pose, window) => grid.window(corners, pose, window),
  };
}

function seeingEverywhere(grid: RayGrid): RayGrid {
  return {
    width: grid.width,
    height: grid.height,
    pitch: grid.pitch,
    directions: grid.directions,
    window: (_corners, _pose, window) => {
      Object.assign(window, { x0: 0, y0: 0, x1: grid.width, y1: grid.height, near: 0 });
      return true;
    },
  };
}
