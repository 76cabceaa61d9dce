import assert from 'node:assert/strict';
import { encodeMessage, type PointCloud2, stampFromTime } from '../../src/messages/index.js';
import { CameraModel } from '../../src/sensors/calibration/index.js';
import { SensorRig } from '../../src/sensors/index.js';
import { simulateDrive, type TimedMessage, TOPICS } from '../../src/simulation/index.js';
import { composePoses, type Pose } from '../../src/simulation/pose.js';
import { DRIVE_START } from '../../src/simulation/sensors/rig_capture.js';
import { RIG } from '../../src/simulation/sensors/rig_geometry.js';
import { cameraInfoMessage, createHeader } from '../../src/simulation/sensors/ros_messages.js';
import { World } from '../../src/simulation/world/world.js';

const SEED = 11;
const SECONDS = 0.6;
const GRID = { width: 640, height: 384 };
/** Points a cloud is thinned to, so that each can be told from the others by its intensity. */
const POINTS = 60;

function toWorld(pose: Pose, [x, y, z]: readonly number[]): number[] {
  const r = pose.rotation;
  return [0, 3, 6].map(
    (row, axis) => r[row]! * x! + r[row + 1]! * y! + r[row + 2]! * z! + [pose.x, pose.y, pose.z][axis]!,
  );
}

function fromWorld(pose: Pose, point: readonly number[]): number[] {
  const r = pose.rotation;
  const d = [point[0]! - pose.x, point[1]! - pose.y, point[2]! - pose.z];
  return [0, 1, 2].map((column) => r[column]! * d[0]! + r[3 + column]! * d[1]! + r[6 + column]! * d[2]!);
}

describe('a simulated drive that tells its motion', () => {
  let messages: TimedMessage[];
  before(async function () {
    this.timeout(240_000);
    messages = [];
    const drive = { stretches: [{ condition: 'sun' as const, seconds: SECONDS }], outages: [] };
    for await (const message of simulateDrive(drive, SEED, 'told')) messages.push(message);
  });

  const raws = (...topics: string[]) =>
    messages
      .filter(({ topic }) => topics.includes(topic))
      .map(({ topic, type, message, receiveStamp }) => ({
        topic,
        type,
        data: encodeMessage(type, message),
        receiveStamp,
      }));

  it('sends odometry fifty times a second, and points with times that rise from column to column', () => {
    assert.equal(raws(TOPICS.odometry).length, SECONDS * 50);
    const clouds = messages.filter(({ topic }) => topic === TOPICS.lidar).map(({ message }) => message as PointCloud2);
    for (const { data, fields, width, point_step } of clouds) {
      assert.deepEqual(
        fields.map(({ name }) => name),
        ['x', 'y', 'z', 'intensity', 'ring', 't'],
      );
      const view = new DataView(data.buffer, data.byteOffset);
      const times = Array.from({ length: width }, (_, i) => view.getUint32(i * point_step + 16, true));
      assert.ok(times.every((time, i) => i === 0 || time >= times[i - 1]!));
      // 84 of 360 degrees at ten turns a second, the last block short of it.
      assert.ok(Math.abs(times.at(-1)! - 22.7e6) < 0.2e6, `${times.at(-1)} ns`);
    }
  });

  it('is carried back exactly: points lie in the picture where the world has them', async () => {
    const world = new World(SEED, SECONDS);
    const info = cameraInfoMessage(createHeader(DRIVE_START, RIG.camera.frame), RIG.camera.intrinsics);
    const model = CameraModel.fromCameraInfo(info);
    assert.ok(model.kind === 'model');
    const largest = { carried: 0, left: 0 };
    for (const cloud of messages.filter(({ topic }) => topic === TOPICS.lidar)) {
      const thinned = thin(cloud.message as PointCloud2);
      const start = stampFromTime(thinned.message.header.stamp);
      // The picture taken 66 ms after the sweep began; all odometry has come by then.
      const picture = start + 66_000_000n;
      if (picture > DRIVE_START + BigInt(Math.round((SECONDS - 0.03) * 1e9))) continue;
      const cameraPose = composePoses(world.egoPose(Number(picture - DRIVE_START) / 1e9), RIG.camera.pose);
      for (const how of ['carried', 'left'] as const) {
        const rig = new SensorRig({
          grid: GRID,
          modalities: [
            { name: 'camera', representation: { kind: 'rgb' } },
            {
              name: 'lidar',
              representation: {
                kind: 'range-intensity-height',
                rangeMetres: [1, 90],
                heightMetres: [-9, 20],
                dilation: 0,
              },
            },
          ],
          inputs: new Map([
            ['camera', { topic: '/c', infoTopic: TOPICS.cameraInfo }],
            ['lidar', { topic: TOPICS.lidar }],
          ]),
          ...(how === 'carried' && { motion: { fixedFrame: 'odom' } }),
        });
        for (const raw of raws(TOPICS.transforms, TOPICS.odometry, TOPICS.cameraInfo)) {
          assert.deepEqual(rig.observe(raw), []);
        }
        const data = encodeMessage('sensor_msgs/msg/PointCloud2', thinned.message);
        const raw = { topic: TOPICS.lidar, type: 'sensor_msgs/msg/PointCloud2', data, receiveStamp: picture };
        assert.equal(rig.ingest('lidar', raw).kind, 'sample');
        const outcome = await rig.decode('lidar', raw, picture);
        assert.ok(outcome.kind === 'image', outcome.kind === 'invalid' ? outcome.reason : '');
        const seen = new Map<number, [number, number]>();
        for (let i = 0; i < GRID.width * GRID.height; i++) {
          const id = outcome.image.data[3 * i + 1]!;
          if (outcome.image.data[3 * i + 2] !== 0) seen.set(id, [i % GRID.width, Math.floor(i / GRID.width)]);
        }
        const pixel = new Float64Array(2);
        for (const { id, point, seconds } of thinned.points) {
          const at = Number(start - DRIVE_START) / 1e9 + seconds;
          const placed = toWorld(composePoses(world.egoPose(at), RIG.lidar.pose), point);
          const [x, y, z] = fromWorld(cameraPose, placed) as [number, number, number];
          const found = seen.get(id);
          if (found === undefined || z < 4 || !model.model.project(x, y, z, pixel)) continue;
          largest[how] = Math.max(largest[how], Math.hypot(found[0] - pixel[0]!, found[1] - pixel[1]!));
        }
      }
    }
    // Half a pixel each way is the rounding to a pixel.
    assert.ok(largest.carried <= 1, `${largest.carried} pixels`);
    assert.ok(largest.left >= 5, `${largest.left} pixels`);
  });
});

/** Every so many points, each with an intensity of its own. */
function thin({ data, width, point_step: step, ...rest }: PointCloud2) {
  const kept = Array.from({ length: POINTS }, (_, i) => Math.floor((i * width) / POINTS));
  const bytes = new Uint8Array(step * POINTS);
  const view = new DataView(bytes.buffer);
  const points = kept.map((from, i) => {
    bytes.set(data.subarray(from * step, (from + 1) * step), i * step);
    const id = i + 1;
    view.setUint8(i * step + 12, id);
    const point = [0, 4, 8].map((offset) => view.getFloat32(i * step + offset, true));
    return { id, point, seconds: view.getUint32(i * step + 16, true) / 1e9 };
  });
  return { points, message: { ...rest, data: bytes, width: POINTS, point_step: step, row_step: bytes.length } };
}
