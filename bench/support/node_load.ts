/**
 * Three sensors at full load, as a process of its own: a 1080p camera at 30 Hz, 128,000 points at 10 Hz, 2 million
 * events a second in 1,000 packets. Started by bench/node.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CameraInfo, encodeMessage, type Stamp, timeFromStamp } from '../../src/messages/index.js';
import { Random } from '../../src/random/random.js';
import { LATCHED, RosNode } from '../../src/ros/index.js';
import { cameraInfoMessage } from '../../src/simulation/sensors/ros_messages.js';

const WIDTH = 1920;
const HEIGHT = 1080;
const POINTS = 128_000;
const EVENTS_PER_PACKET = 2000;
const QOS = { reliability: 'best_effort', durability: 'volatile', depth: 5 } as const;
const EVENTS_QOS = { ...QOS, depth: 100 };

const ros = await RosNode.create('load');
const random = new Random(7);
const header = (frame: string) => ({ stamp: timeFromStamp(ros.now()), frame_id: frame });

/** Messages differ, or the sensor would count as frozen. */
const cameras = [0, 1, 2].map(() =>
  encodeMessage('sensor_msgs/msg/Image', {
    header: header('camera'),
    height: HEIGHT,
    width: WIDTH,
    encoding: 'rgb8',
    is_bigendian: 0,
    step: 3 * WIDTH,
    data: Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => ((i >> 4) + 256 * random.next()) & 255),
  }),
);
const clouds = [0, 1].map(() =>
  encodeMessage('sensor_msgs/msg/PointCloud2', {
    header: header('lidar'),
    height: 1,
    width: POINTS,
    fields: ['x', 'y', 'z', 'intensity'].map((name, i) => ({ name, offset: 4 * i, datatype: 7, count: 1 })),
    is_bigendian: false,
    point_step: 16,
    row_step: 16 * POINTS,
    data: new Uint8Array(Float32Array.from({ length: 4 * POINTS }, (_, i) => pointValue(i & 3)).buffer),
    is_dense: true,
  }),
);

function pointValue(field: number): number {
  return [5 + 40 * random.next(), 40 * random.next() - 20, 4 * random.next() - 1, random.next()][field]!;
}

/** Encoding mono: bits 0-31 time after `time_base` in ns, 32-47 x, 48-62 y, 63 polarity. */
const events = new Uint8Array(
  BigUint64Array.from({ length: EVENTS_PER_PACKET }, (_, i) => {
    const x = BigInt(Math.floor(640 * random.next()));
    const y = BigInt(Math.floor(480 * random.next()));
    return BigInt(i * 500) | (x << 32n) | (y << 48n) | (BigInt(i & 1) << 63n);
  }).buffer,
);
let sequence = 0n;

function eventPacket(stamp: Stamp): Uint8Array {
  return encodeMessage('event_camera_msgs/msg/EventPacket', {
    header: { stamp: timeFromStamp(stamp), frame_id: 'camera' },
    height: 480,
    width: 640,
    seq: sequence++,
    time_base: stamp,
    encoding: 'mono',
    is_bigendian: false,
    events,
  });
}

const info = ros.advertise('/camera/camera_info', 'sensor_msgs/msg/CameraInfo', QOS);
const eventInfo = ros.advertise('/events/camera_info', 'sensor_msgs/msg/CameraInfo', QOS);
const camera = ros.advertise('/camera/image', 'sensor_msgs/msg/Image', QOS);
const lidar = ros.advertise('/lidar/points', 'sensor_msgs/msg/PointCloud2', QOS);
const eventTopic = ros.advertise('/events', 'event_camera_msgs/msg/EventPacket', EVENTS_QOS);
const transforms = ros.advertise('/tf_static', 'tf2_msgs/msg/TFMessage', LATCHED);
const mounts = [
  {
    header: header('base_link'),
    child_frame_id: 'camera',
    transform: { translation: { x: 0, y: 0, z: 1 }, rotation: { x: -0.5, y: 0.5, z: -0.5, w: 0.5 } },
  },
  {
    header: header('base_link'),
    child_frame_id: 'lidar',
    transform: { translation: { x: 0, y: 0, z: 1 }, rotation: { x: 0, y: 0, z: 0, w: 1 } },
  },
];
transforms.publish({ transforms: mounts });

function cameraInfo(width: number, height: number): CameraInfo {
  const focal = 0.8 * width;
  const [cx, cy] = [width / 2, height / 2];
  return cameraInfoMessage(header('camera'), {
    width,
    height,
    fx: focal,
    fy: focal,
    cx,
    cy,
    distortion: [0, 0, 0, 0, 0],
  });
}

/** Stamp of a message that was encoded before: bytes 4 to 11. */
function stamped(message: Uint8Array, stamp: Stamp): Uint8Array {
  const { sec, nanosec } = timeFromStamp(stamp);
  const view = new DataView(message.buffer, message.byteOffset);
  view.setInt32(4, sec, true);
  view.setUint32(8, nanosec, true);
  return message;
}

/** How many of each have gone out; printed at the end. */
const sent = { camera: 0, lidar: 0, events: 0 };
process.on('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify(sent)}\n`);
  ros.close();
  process.exit(0);
});

const start = performance.now();
for (;;) {
  const elapsed = (performance.now() - start) / 1000;
  for (let behind = Math.floor(elapsed * 1000) - sent.events; behind > 0; behind--) {
    eventTopic.publishEncoded(eventPacket(ros.now()));
    sent.events++;
  }
  if (sent.camera < elapsed * 30) {
    info.publish(cameraInfo(WIDTH, HEIGHT));
    eventInfo.publish(cameraInfo(640, 480));
    camera.publishEncoded(stamped(cameras[sent.camera++ % cameras.length]!, ros.now()));
  }
  if (sent.lidar < elapsed * 10) lidar.publishEncoded(stamped(clouds[sent.lidar++ % clouds.length]!, ros.now()));
  await sleep(1);
}
