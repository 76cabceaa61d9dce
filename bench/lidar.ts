/** How fast point clouds are read and drawn. Run: `npx tsx bench/lidar.ts`. Prints one line of JSON a case. */
import { performance } from 'node:perf_hooks';
import { CameraModel, identityTransform } from '../src/sensors/calibration/index.js';
import {
  carryCloud,
  labelledCloud,
  labelPoints,
  readPointCloud,
  renderPointCloud,
} from '../src/sensors/lidar/index.js';

const POINTS = 131_072;

/** A 128-ring scan, x y z intensity as float32 and ring as uint16, in Velodyne's 22 bytes a point. */
function scan() {
  const pointStep = 22;
  const data = new Uint8Array(POINTS * pointStep);
  const view = new DataView(data.buffer);
  for (let i = 0; i < POINTS; i++) {
    const azimuth = ((i >> 7) / 1024) * 2 * Math.PI;
    const elevation = ((i & 127) / 127 - 0.6) * 0.7;
    const range = 5 + ((i * 2654435761) % 50_000) / 1000;
    const at = i * pointStep;
    view.setFloat32(at, range * Math.cos(elevation) * Math.cos(azimuth), true);
    view.setFloat32(at + 4, range * Math.cos(elevation) * Math.sin(azimuth), true);
    view.setFloat32(at + 8, range * Math.sin(elevation), true);
    view.setFloat32(at + 12, i & 255, true);
    view.setUint16(at + 16, i & 127, true);
    view.setFloat32(at + 18, (i / POINTS) * 0.1, true);
  }
  const field = (name: string, offset: number, datatype = 7) => ({ name, offset, datatype, count: 1 });
  return {
    header: { stamp: { sec: 0, nanosec: 0 }, frame_id: 'lidar' },
    height: 1,
    width: POINTS,
    fields: [
      field('x', 0),
      field('y', 4),
      field('z', 8),
      field('intensity', 12),
      field('ring', 16, 4),
      field('time', 18),
    ],
    is_bigendian: false,
    point_step: pointStep,
    row_step: pointStep * POINTS,
    data,
    is_dense: true,
  };
}

/** The median of 21 runs after ten to warm up, in milliseconds. */
async function median(name: string, run: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 31; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  const milliseconds = Number(
    times
      .slice(10)
      .sort((a, b) => a - b)[10]!
      .toFixed(2),
  );
  console.log(JSON.stringify({ name, points: POINTS, milliseconds }));
}

const message = scan();
const outcome = await readPointCloud(message);
if (outcome.kind === 'invalid') throw new Error(outcome.reason);
const { cloud } = outcome;
await median('read a point cloud', () => readPointCloud(message));
await median('read a point cloud with the times of its points', () => readPointCloud(message, { timesAfter: 0n }));
const timed = await readPointCloud(message, { timesAfter: 0n });
if (timed.kind === 'invalid' || timed.cloud.time === undefined) throw new Error('Expected points with times');
await median('carry its points one by one', () => carryCloud(timed.cloud, () => identityTransform()));

const toOptical = { rotation: Float64Array.of(0, -1, 0, 0, 0, -1, 1, 0, 0), translation: new Float64Array(3) };
for (const [width, height] of [
  [320, 192],
  [1024, 1024],
] as const) {
  const f = width * 0.65;
  const grid = new CameraModel({ width, height, fx: f, fy: f, cx: width / 2, cy: height / 2 });
  const placement = { grid, lidarToCamera: toOptical, lidarToBase: identityTransform() };
  const mask = {
    width,
    height,
    labels: new Uint8Array(width * height).fill(3),
    confidence: new Uint8Array(width * height).fill(200),
  };
  await median(`read, label by a mask of ${width} x ${height} and write out`, async () => {
    const read = await readPointCloud(message, { intensityFullScale: 'as-is' });
    if (read.kind === 'invalid') throw new Error(read.reason);
    const labels = await labelPoints(read.cloud, grid, toOptical, mask, 255);
    await labelledCloud(message.header, read.cloud, labels, new Uint8Array(1024));
  });
  for (const dilation of [0, 1, 2]) {
    await median(`draw into ${width} x ${height}, dilation ${dilation}`, () =>
      renderPointCloud(cloud, placement, {
        kind: 'range-intensity-height',
        rangeMetres: [1, 80],
        heightMetres: [-1, 7],
        dilation,
      }),
    );
  }
}
