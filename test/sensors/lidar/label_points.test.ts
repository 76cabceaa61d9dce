import assert from 'node:assert/strict';
import { CameraModel, type RigidTransform } from '../../../src/sensors/calibration/index.js';
import { type GridMask, labelledCloud, labelPoints, type PointCloud } from '../../../src/sensors/lidar/index.js';
import { CLASS } from '../../../src/simulation/classes.js';
import { composePoses, type Pose } from '../../../src/simulation/pose.js';
import { Caster } from '../../../src/simulation/render/caster.js';
import { PinholeGrid } from '../../../src/simulation/render/pinhole_grid.js';
import { SpinningGrid } from '../../../src/simulation/render/spinning_grid.js';
import { RIG } from '../../../src/simulation/sensors/rig_geometry.js';
import { cameraInfoMessage, createHeader } from '../../../src/simulation/sensors/ros_messages.js';
import { World } from '../../../src/simulation/world/world.js';

const UNLABELED = 255;
const SCORED: ReadonlySet<number> = new Set([CLASS.road, CLASS.car, CLASS.building]);
/** LiDAR x forward, y left, z up, half a metre above the camera; camera z forward, x right, y down. */
const toOptical: RigidTransform = {
  rotation: Float64Array.of(0, -1, 0, 0, 0, -1, 1, 0, 0),
  translation: Float64Array.of(0, -0.5, 0),
};
/** 40 x 30 pixels of 2.9 degrees. */
const grid = new CameraModel({ width: 40, height: 30, fx: 20, fy: 20, cx: 19.5, cy: 14.5 });

function cloudOf(points: [x: number, y: number, z: number][]): PointCloud {
  const column = (axis: 0 | 1 | 2) => Float32Array.from(points, (point) => point[axis]);
  const intensity = Float32Array.from(points, (_, i) => i + 0.5);
  return { length: points.length, x: column(0), y: column(1), z: column(2), intensity };
}

/** Labels count the columns, confidence the rows. */
const mask: GridMask = {
  width: 40,
  height: 30,
  labels: Uint8Array.from({ length: 1200 }, (_, i) => i % 40),
  confidence: Uint8Array.from({ length: 1200 }, (_, i) => 100 + Math.floor(i / 40)),
};

const label = (points: [number, number, number][]) => labelPoints(cloudOf(points), grid, toOptical, mask, UNLABELED);

describe('labelPoints', () => {
  it('takes class and confidence from the pixel a point appears in', async () => {
    // 10 m ahead, 2 m left, 1.5 m below the LiDAR and so 1 m below the camera: column 19.5 - 4, row 14.5 + 2.
    const { label: labels, confidence, inView, hidden } = await label([[10, 2, -1.5]]);
    assert.deepEqual([labels[0], confidence?.[0], inView, hidden], [16, 117, 1, 0]);
  });

  it('leaves points behind the camera and beside its picture without class', async () => {
    const {
      label: labels,
      confidence,
      inView,
    } = await label([
      [-10, 0, 0],
      [10, 20, 0],
      [10, 0, 20],
    ]);
    assert.deepEqual([...labels], [UNLABELED, UNLABELED, UNLABELED]);
    assert.deepEqual([...confidence!, inView], [0, 0, 0, 0]);
  });

  it('leaves a point without class that lies behind what the camera sees', async () => {
    // A board 5 m ahead; the LiDAR looks over it at a wall, at a point that the camera has behind the board.
    const { label: labels, hidden } = await label([
      [5, 0, -1],
      [5, 0, 0],
      [20, 0, -0.5],
    ]);
    assert.deepEqual([labels[0] !== UNLABELED, labels[1] !== UNLABELED, labels[2], hidden], [true, true, UNLABELED, 1]);
  });

  it('takes nearer points on one side alone as ground, or as the edge of an object', async () => {
    const ground = [5, 7, 10, 14, 20, 30, 40, 60].map((x): [number, number, number] => [x, 0, -2]);
    const edge: [number, number, number][] = [
      [5, 0, -0.7],
      [20, 0, 0.5],
    ];
    assert.equal((await label(ground)).hidden, 0);
    assert.equal((await label(edge)).hidden, 0);
  });

  it('finds visible and hidden points of a simulated street as ray casting does', async () => {
    const counts = { visible: 0, right: 0, lost: 0, behind: 0, found: 0 };
    for (let seed = 1; seed <= 8; seed++) await compareScene(seed, counts);
    const { visible, right, lost, behind, found } = counts;
    const text = JSON.stringify(counts);
    assert.ok(visible > 10_000 && behind > 300, `too few points to tell: ${text}`);
    assert.ok(right / visible >= 0.9, `of road, car and building, in view: ${text}`);
    assert.ok(lost / visible <= 0.03, `visible points taken as hidden: ${text}`);
    assert.ok(found / behind >= 0.5, `hidden points found: ${text}`);
  });
});

describe('labelledCloud', () => {
  it('keeps what the LiDAR gave and adds class, confidence and colour', async () => {
    const cloud = cloudOf([
      [1, 2, 3],
      [-4, 5.5, 0.25],
    ]);
    const colours = new Uint8Array(1024);
    colours.set([10, 20, 30, 255], 4 * 7);
    const labels = { label: Uint8Array.of(7, UNLABELED), confidence: Uint8Array.of(200, 0), inView: 1, hidden: 0 };
    const message = await labelledCloud(createHeader(5n, 'lidar'), cloud, labels, colours);
    const view = new DataView(message.data.buffer);
    const read = (point: number, name: string) => {
      const { offset, datatype } = message.fields.find((field) => field.name === name)!;
      const at = point * message.point_step + offset;
      if (name === 'rgb') return view.getUint32(at, true);
      return datatype === 7 ? view.getFloat32(at, true) : view.getUint8(at);
    };
    const names = ['x', 'y', 'z', 'intensity', 'label', 'confidence', 'rgb'];
    assert.deepEqual(
      [0, 1].map((point) => names.map((name) => read(point, name))),
      [
        [1, 2, 3, 0.5, 7, 200, 0x0a141e],
        [-4, 5.5, 0.25, 1.5, UNLABELED, 0, 0x808080],
      ],
    );
    assert.deepEqual([message.width, message.row_step, message.header.frame_id], [2, 48, 'lidar']);
    const { confidence: _, ...uncertain } = labels;
    const { fields } = await labelledCloud(message.header, cloud, uncertain, colours);
    assert.deepEqual(
      fields.map(({ name }) => name),
      ['x', 'y', 'z', 'intensity', 'rgb', 'label'],
    );
  });
});

/** Casts the rays of LiDAR and camera into a street: the true class of each point, and what the camera has before it. */
async function compareScene(
  seed: number,
  counts: { visible: number; right: number; lost: number; behind: number; found: number },
): Promise<void> {
  const world = new World(`points ${seed}`, 4);
  const scene = world.sceneAt(2);
  const ego = world.egoPose(2);
  const { intrinsics } = RIG.camera;
  const camera = new Caster(new PinholeGrid(intrinsics));
  const seen = camera.cast(scene, composePoses(ego, RIG.camera.pose));
  const lidar = new Caster(new SpinningGrid(RIG.lidar.elevations, RIG.lidar.columns, RIG.lidar.sector));
  const hits = lidar.cast(scene, composePoses(ego, RIG.lidar.pose));
  const returns = [...hits.distance.keys()].filter((ray) => hits.distance[ray]! < 80);
  const { x, y, z } = lidar.grid.directions;
  const cloud = cloudOf(
    returns.map((ray) => {
      const metres = hits.distance[ray]!;
      return [x[ray]! * metres, y[ray]! * metres, z[ray]! * metres];
    }),
  );
  const outcome = CameraModel.fromCameraInfo(cameraInfoMessage(createHeader(0n, 'camera'), intrinsics));
  assert.ok(outcome.kind === 'model');
  const fine = outcome.model;
  const size = { width: 320, height: 192 };
  const labels = new Uint8Array(size.width * size.height);
  for (let i = 0; i < labels.length; i++) {
    labels[i] = seen.label[(2 * Math.floor(i / 320) + 1) * 640 + 2 * (i % 320) + 1]!;
  }
  const toCamera = relative(RIG.camera.pose, RIG.lidar.pose);
  const confidence = new Uint8Array(labels.length).fill(255);
  const found = await labelPoints(cloud, fine.scaledTo(size), toCamera, { ...size, labels, confidence }, UNLABELED);
  const pixel = new Float64Array(2);
  for (let i = 0; i < cloud.length; i++) {
    const point = transformed(toCamera, cloud.x[i]!, cloud.y[i]!, cloud.z[i]!);
    if (!fine.project(...point, pixel)) continue;
    const [column, row] = [Math.round(pixel[0]!), Math.round(pixel[1]!)];
    if (column < 2 || column > 637 || row < 2 || row > 381) continue;
    const truth = hits.label[returns[i]!]!;
    const metres = Math.hypot(...point);
    const before = seen.distance[row * 640 + column]!;
    if (before < 0.8 * metres - 1) {
      counts.behind++;
      if (found.label[i] === UNLABELED) counts.found++;
    } else if (before > 0.95 * metres && SCORED.has(truth)) {
      counts.visible++;
      if (found.label[i] === truth) counts.right++;
      if (found.label[i] === UNLABELED) counts.lost++;
    }
  }
}

function transformed({ rotation: r, translation: t }: RigidTransform, x: number, y: number, z: number) {
  const row = (i: number) => r[3 * i]! * x + r[3 * i + 1]! * y + r[3 * i + 2]! * z + t[i]!;
  return [row(0), row(1), row(2)] as const;
}

/** From the frame of `child` to that of `parent`, both mounted on the same vehicle. */
function relative(parent: Pose, child: Pose): RigidTransform {
  const [p, c] = [parent.rotation, child.rotation];
  const rotation = new Float64Array(9);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      rotation[3 * i + j] = p[i]! * c[j]! + p[3 + i]! * c[3 + j]! + p[6 + i]! * c[6 + j]!;
    }
  }
  const [dx, dy, dz] = [child.x - parent.x, child.y - parent.y, child.z - parent.z];
  const translation = Float64Array.from([0, 1, 2], (i) => p[i]! * dx + p[3 + i]! * dy + p[6 + i]! * dz);
  return { rotation, translation };
}
