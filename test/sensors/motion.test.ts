import assert from 'node:assert/strict';
import type { RawMessage } from '../../src/messages/raw_message.js';
import type { PointField } from '../../src/messages/types.js';
import { type Representation, type SensorNotice, SensorRig, type SensorRigOptions } from '../../src/sensors/index.js';
import { encodeLivox } from './support/livox.js';
import { cameraInfo, header, image, type Mount, mount, raw } from './support/messages.js';

/*
 * A vehicle on a circle, 15 m/s and 30 degrees/s, and landmarks that stand still. What each sensor measures at each
 * moment follows from the circle exactly; nothing of the code under test is used to make it.
 */
const SPEED = 15;
const YAW_RATE = (30 * Math.PI) / 180;
const START = 1_750_000_000_000_000_000n;
const GRID = { width: 640, height: 384 };
const FOCAL = 417;
const OPTICAL = [-0.5, 0.5, -0.5, 0.5] as const;
const LIDAR_AT = [0.9, 0, 1.8] as const;
const CAMERA_AT = [1.2, 0, 1.5] as const;

interface Pose {
  x: number;
  y: number;
  yaw: number;
}

/** Of base_link in odom; at time 0 in the origin, looking along x. */
function vehicleAt(seconds: number): Pose {
  const radius = SPEED / YAW_RATE;
  const yaw = YAW_RATE * seconds;
  return { x: radius * Math.sin(yaw), y: radius * (1 - Math.cos(yaw)), yaw };
}

/** A landmark in odom, seen from something mounted at `at` on the vehicle without rotation. */
function seenFrom([ax, ay, az]: readonly number[], [lx, ly, lz]: readonly number[], seconds: number): number[] {
  const { x, y, yaw } = vehicleAt(seconds);
  const [dx, dy] = [lx! - x, ly! - y];
  return [Math.cos(yaw) * dx + Math.sin(yaw) * dy - ax!, -Math.sin(yaw) * dx + Math.cos(yaw) * dy - ay!, lz! - az!];
}

function pixelOf(landmark: readonly number[], seconds: number): [number, number] {
  const [forward, left, up] = seenFrom(CAMERA_AT, landmark, seconds) as [number, number, number];
  return [FOCAL * (-left / forward) + (GRID.width - 1) / 2, FOCAL * (-up / forward) + (GRID.height - 1) / 2];
}

function stampAt(seconds: number): bigint {
  return START + BigInt(Math.round(seconds * 1e6)) * 1000n;
}

/** The picture's time, the sweep's begin, and how long it lasts. */
const PICTURE = 0.15;
const SWEEP = { start: 0.03, seconds: 0.1 };
/** A landmark a column of the picture, 12 to 25 m ahead as seen at the picture's time, at heights of 0 to 3 m. */
const LANDMARKS = Array.from({ length: 24 }, (_, i) => {
  const { x, y, yaw } = vehicleAt(PICTURE);
  const bearing = yaw + ((i - 11.5) / 11.5) * 0.5;
  const range = 12 + ((i * 7) % 13);
  return [x + range * Math.cos(bearing), y + range * Math.sin(bearing), (i % 4) * 0.9];
});
/** When the sensor's beam meets each landmark: it turns from right to left over the whole sweep. */
const TIMES = LANDMARKS.map((_, i) => SWEEP.start + (SWEEP.seconds * i) / (LANDMARKS.length - 1));
const POINTS = LANDMARKS.map((landmark, i) => seenFrom(LIDAR_AT, landmark, TIMES[i]!));

const REPRESENTATION: Representation = {
  kind: 'range-intensity-height',
  rangeMetres: [1, 80],
  heightMetres: [-3, 7],
  dilation: 0,
};
const DEPTH: Representation = { kind: 'linear', farMetres: 100 };

function rigWith(options: Partial<SensorRigOptions> = {}): SensorRig {
  const rig = new SensorRig({
    grid: GRID,
    modalities: [
      { name: 'camera', representation: { kind: 'rgb' } },
      { name: 'lidar', representation: REPRESENTATION },
      { name: 'depth', representation: DEPTH },
    ],
    inputs: new Map([
      ['camera', { topic: '/image', infoTopic: '/camera_info' }],
      ['lidar', { topic: '/points', intensityFullScale: 255 }],
      ['depth', { topic: '/depth', infoTopic: '/depth_info', depthScale: 0.001 }],
    ]),
    ...options,
  });
  const k = [FOCAL, 0, (GRID.width - 1) / 2, 0, FOCAL, (GRID.height - 1) / 2, 0, 0, 1];
  const mounts: Mount[] = [
    { parent: 'base_link', child: 'camera', at: CAMERA_AT, turned: OPTICAL },
    { parent: 'base_link', child: 'lidar', at: LIDAR_AT },
    { parent: 'base_link', child: 'depth', at: LIDAR_AT, turned: OPTICAL },
  ];
  const problems = [
    rig.observe(
      raw('/camera_info', 'sensor_msgs/msg/CameraInfo', cameraInfo({ header: header('camera'), ...GRID, k })),
    ),
    rig.observe(raw('/depth_info', 'sensor_msgs/msg/CameraInfo', cameraInfo({ header: header('depth'), ...GRID, k }))),
    rig.observe(raw('/tf_static', 'tf2_msgs/msg/TFMessage', { transforms: mounts.map(mount) })),
  ];
  assert.deepEqual(problems.flat(), []);
  return rig;
}

/** Poses as a state estimator tells them, fifty times a second, up to a time. */
function poses(until: number): { seconds: number; x: number; y: number; turned: [number, number, number, number] }[] {
  return Array.from({ length: Math.floor(until / 0.02) + 1 }, (_, i) => {
    const { x, y, yaw } = vehicleAt(i * 0.02);
    return { seconds: i * 0.02, x, y, turned: [0, 0, Math.sin(yaw / 2), Math.cos(yaw / 2)] };
  });
}

function observePoses(rig: SensorRig, by: 'tf' | 'odometry', until = 0.3): void {
  for (const { seconds, x, y, turned } of poses(until)) {
    const stamp = stampAt(seconds);
    const transforms = [mount({ parent: 'odom', child: 'base_link', at: [x, y, 0], turned, stamp })];
    const [qx, qy, qz, qw] = turned;
    const pose = { pose: { position: { x, y, z: 0 }, orientation: { x: qx, y: qy, z: qz, w: qw } } };
    const message =
      by === 'tf'
        ? raw('/tf', 'tf2_msgs/msg/TFMessage', { transforms })
        : raw('/odom', 'nav_msgs/msg/Odometry', { header: header('odom', stamp), child_frame_id: 'base_link', pose });
    assert.deepEqual(rig.observe(message), []);
  }
}

/** How points tell their time, by driver: the field, its datatype, and its value for a point's time. */
const TIME_FIELDS: { driver: string; name: string; datatype: number; value: (seconds: number) => number }[] = [
  { driver: 'Ouster, nanoseconds after the stamp', name: 't', datatype: 6, value: (s) => (s - SWEEP.start) * 1e9 },
  { driver: 'Velodyne, seconds after the stamp', name: 'time', datatype: 7, value: (s) => s - SWEEP.start },
  { driver: 'Hesai, absolute seconds', name: 'timestamp', datatype: 8, value: (s) => Number(START / 1000n) / 1e6 + s },
  { driver: 'Livox, absolute nanoseconds', name: 'timestamp', datatype: 8, value: (s) => Number(START) + s * 1e9 },
  { driver: 'microseconds after the stamp', name: 't', datatype: 6, value: (s) => (s - SWEEP.start) * 1e6 },
];

function sweep(time: (typeof TIME_FIELDS)[number] | undefined): RawMessage {
  // Without times of their own all are measured at once.
  const points = time === undefined ? LANDMARKS.map((landmark) => seenFrom(LIDAR_AT, landmark, SWEEP.start)) : POINTS;
  const fields: PointField[] = ['x', 'y', 'z', 'intensity'].map((name, i) => ({
    name,
    offset: 4 * i,
    datatype: 7,
    count: 1,
  }));
  if (time !== undefined) fields.push({ name: time.name, offset: 16, datatype: time.datatype, count: 1 });
  const view = new DataView(new ArrayBuffer(24 * POINTS.length));
  for (const [i, [x, y, z]] of points.entries()) {
    for (const [axis, value] of [x!, y!, z!, i + 1].entries()) view.setFloat32(24 * i + 4 * axis, value, true);
    const value = time?.value(TIMES[i]!) ?? 0;
    if (time?.datatype === 6) view.setUint32(24 * i + 16, Math.round(value), true);
    if (time?.datatype === 7) view.setFloat32(24 * i + 16, value, true);
    if (time?.datatype === 8) view.setFloat64(24 * i + 16, value, true);
  }
  return raw('/points', 'sensor_msgs/msg/PointCloud2', {
    header: header('lidar', stampAt(SWEEP.start)),
    height: 1,
    width: POINTS.length,
    fields,
    is_bigendian: false,
    point_step: 24,
    row_step: 24 * POINTS.length,
    data: new Uint8Array(view.buffer),
    is_dense: true,
  });
}

/** Distances in pixels between where each landmark is drawn and where it is in the picture; its intensity names it. */
async function residuals(rig: SensorRig, message: RawMessage, modality = 'lidar'): Promise<number[]> {
  assert.equal(rig.ingest(modality, message).kind, 'sample');
  const outcome = await rig.decode(modality, message, stampAt(PICTURE));
  assert.ok(outcome.kind === 'image', outcome.kind === 'invalid' ? outcome.reason : '');
  const { data } = outcome.image;
  const found = new Map<number, [number, number]>();
  for (let i = 0; i < data.length / 3; i++) {
    if (data[3 * i + 2] !== 0) found.set(data[3 * i + 1]!, [i % GRID.width, Math.floor(i / GRID.width)]);
  }
  return LANDMARKS.flatMap((landmark, i) => {
    const pixel = found.get(i + 1);
    const [u, v] = pixelOf(landmark, PICTURE);
    const isInside = u > 30 && u < GRID.width - 31 && v > 0 && v < GRID.height - 1;
    if (!isInside) return [];
    return [pixel === undefined ? Number.POSITIVE_INFINITY : Math.hypot(pixel[0] - u, pixel[1] - v)];
  });
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
/** Half a pixel each way is the rounding to a pixel. */
const ROUNDING = Math.SQRT1_2;

describe('motion between stamps, at 15 m/s and 30 degrees/s', () => {
  for (const time of TIME_FIELDS) {
    for (const by of ['tf', 'odometry'] as const) {
      it(`carries points to the picture one by one: ${time.driver}, pose by ${by}`, async () => {
        const rig = rigWith({ motion: { fixedFrame: 'odom' } });
        observePoses(rig, by);
        const distances = await residuals(rig, sweep(time));
        assert.ok(distances.length >= 15, `${distances.length} landmarks`);
        assert.ok(Math.max(...distances) <= ROUNDING + 0.3, `residuals ${distances.map((d) => d.toFixed(1))}`);
      });
    }
  }

  it('carries the points of a Livox CustomMsg', async () => {
    const rig = rigWith({ motion: { fixedFrame: 'odom' } });
    observePoses(rig, 'tf');
    const points = POINTS.map(([x, y, z], i) => ({
      offsetNanoseconds: Math.round((TIMES[i]! - SWEEP.start) * 1e9),
      x: x!,
      y: y!,
      z: z!,
      reflectivity: i + 1,
    }));
    const distances = await residuals(rig, encodeLivox('/points', 'lidar', stampAt(SWEEP.start), points));
    assert.ok(Math.max(...distances) <= ROUNDING + 0.3, `residuals ${distances.map((d) => d.toFixed(1))}`);
  });

  it('carries a cloud without times as a whole', async () => {
    const rig = rigWith({ motion: { fixedFrame: 'odom' } });
    observePoses(rig, 'tf');
    const carried = await residuals(rig, sweep(undefined));
    assert.ok(Math.max(...carried) <= ROUNDING + 0.3, `residuals ${carried.map((d) => d.toFixed(1))}`);
    const left = await residuals(rigWith(), sweep(undefined));
    assert.ok(median(left) >= 10, `residuals ${left.map((d) => d.toFixed(1))}`);
  });

  it('is off without a fixed frame, and far off then; says so once', async () => {
    const notices: SensorNotice[] = [];
    const rig = rigWith({ onNotice: (notice) => notices.push(notice) });
    observePoses(rig, 'tf');
    const distances = await residuals(rig, sweep(TIME_FIELDS[0]));
    assert.ok(median(distances) >= 10, `residuals ${distances.map((d) => d.toFixed(1))}`);
    for (let i = 0; i < 30; i++) await residuals(rig, sweep(TIME_FIELDS[0]));
    assert.deepEqual(notices, [
      {
        code: 'motion-not-compensated',
        modality: 'lidar',
        offsetMs: 120,
        // 417 px * 0.12 s / 10 m.
        pixelsPerMetrePerSecond: 5.004,
      },
    ]);
  });

  it('goes on evenly for a pose that has not come yet', async () => {
    const rig = rigWith({ motion: { fixedFrame: 'odom' } });
    // The last pose is 50 ms older than the picture.
    observePoses(rig, 'tf', 0.1);
    const distances = await residuals(rig, sweep(TIME_FIELDS[0]));
    assert.ok(Math.max(...distances) <= ROUNDING + 0.6, `residuals ${distances.map((d) => d.toFixed(1))}`);
  });

  it('leaves points as they are where the motion is not known, and says why once', async () => {
    const notices: SensorNotice[] = [];
    const rig = rigWith({ motion: { fixedFrame: 'odom' }, onNotice: (notice) => notices.push(notice) });
    for (let i = 0; i < 3; i++) await residuals(rig, sweep(TIME_FIELDS[0]));
    assert.deepEqual(
      notices.map(({ code }) => code),
      ['motion-unknown'],
    );
  });

  it('carries depth from elsewhere', async () => {
    const rig = rigWith({ motion: { fixedFrame: 'odom' } });
    observePoses(rig, 'tf');
    // One pixel of depth for each landmark, measured all at once at the sweep's begin.
    const samples = new Uint16Array(GRID.width * GRID.height);
    const placed = LANDMARKS.filter((landmark) => {
      const [forward, left, up] = seenFrom(LIDAR_AT, landmark, SWEEP.start) as [number, number, number];
      const u = Math.round(FOCAL * (-left / forward) + (GRID.width - 1) / 2);
      const v = Math.round(FOCAL * (-up / forward) + (GRID.height - 1) / 2);
      if (u < 0 || u >= GRID.width || v < 0 || v >= GRID.height) return false;
      samples[v * GRID.width + u] = Math.round(forward * 1000);
      return true;
    });
    const message = raw(
      '/depth',
      'sensor_msgs/msg/Image',
      image({
        header: header('depth', stampAt(SWEEP.start)),
        ...GRID,
        encoding: '16UC1',
        step: 2 * GRID.width,
        data: new Uint8Array(samples.buffer),
      }),
    );
    rig.ingest('depth', message);
    const outcome = await rig.decode('depth', message, stampAt(PICTURE));
    assert.ok(outcome.kind === 'image');
    let compared = 0;
    for (const landmark of placed) {
      const [u, v] = pixelOf(landmark, PICTURE);
      if (!(u > 2 && u < GRID.width - 3 && v > 2 && v < GRID.height - 3)) continue;
      let nearest = Number.POSITIVE_INFINITY;
      for (let row = Math.round(v) - 2; row <= v + 2.5; row++) {
        for (let column = Math.round(u) - 2; column <= u + 2.5; column++) {
          if (outcome.image.data[3 * (row * GRID.width + column)] === 0) continue;
          nearest = Math.min(nearest, Math.hypot(column - u, row - v));
        }
      }
      // A pixel of rounding on either side.
      assert.ok(nearest <= 2 * ROUNDING, `landmark at ${u}, ${v} is drawn ${nearest} pixels beside`);
      compared++;
    }
    assert.ok(compared >= 12, `${compared} landmarks`);
  });
});
