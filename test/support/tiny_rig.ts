import type { RawMessage, Stamp } from '../../src/messages/index.js';
import { timeFromStamp } from '../../src/messages/index.js';
import { cameraInfo, header, mount, raw } from '../sensors/support/messages.js';

/** Topics of the rig below, with the modality each carries. */
export const TINY_TOPICS = {
  camera: '/camera/image_raw',
  depth: '/depth/image_raw',
  events: '/events',
  lidar: '/lidar/points',
} as const;

export type TinyModality = keyof typeof TINY_TOPICS;

export interface TinyDrive {
  seconds: number;
  /** Modalities that say nothing from..until, in seconds of sensor time. */
  silent?: readonly { modality: TinyModality; from: number; until: number }[];
  /** Changes or replaces a message on its way; `undefined` swallows it. */
  change?: (message: RawMessage, modality: TinyModality, seconds: number) => RawMessage | undefined;
}

const WIDTH = 64;
const HEIGHT = 32;
const START: Stamp = 1_700_000_000_000_000_000n;
const LATENCY_MS = { camera: 8, depth: 10, lidar: 15, events: 2 } as const;
const PERIOD_MS = { camera: 100, depth: 100, lidar: 100, events: 20 } as const;

/** The stamp of a time of the drive. */
export function stampAt(seconds: number): Stamp {
  return START + BigInt(Math.round(seconds * 1e9));
}

/**
 * What four small sensors at one place send while nothing much happens: a grey ramp with changing noise, a wall ten
 * metres ahead, a few events, a few points. Pictures have the size of the tiny bundle's input.
 */
export function tinyDrive({ seconds, silent = [], change }: TinyDrive): RawMessage[] {
  const messages: RawMessage[] = [...calibration()];
  for (const modality of Object.keys(TINY_TOPICS) as TinyModality[]) {
    for (let k = 0; (k * PERIOD_MS[modality]) / 1000 < seconds; k++) {
      const at = (k * PERIOD_MS[modality]) / 1000;
      if (silent.some((gap) => gap.modality === modality && at >= gap.from && at < gap.until)) continue;
      const arrival = stampAt(at + LATENCY_MS[modality] / 1000);
      const message = { ...MAKERS[modality](k, stampAt(at)), receiveStamp: arrival };
      const changed = change === undefined ? message : change(message, modality, at);
      if (changed !== undefined) messages.push(changed);
    }
  }
  return messages.sort((a, b) => Number(a.receiveStamp - b.receiveStamp));
}

function calibration(): RawMessage[] {
  const infos = (['camera', 'depth', 'events'] as const).map((name) => {
    const topic = `/${name}/camera_info`;
    const info = cameraInfo({
      header: header(name, START),
      width: WIDTH,
      height: HEIGHT,
      k: [50, 0, 31.5, 0, 50, 15.5, 0, 0, 1],
      p: [50, 0, 31.5, 0, 0, 50, 15.5, 0, 0, 0, 1, 0],
    });
    return raw(topic, 'sensor_msgs/msg/CameraInfo', info, START);
  });
  const toOptical = [-0.5, 0.5, -0.5, 0.5] as const;
  const transforms = (['camera', 'depth', 'events'] as const).map((child) =>
    mount({ parent: 'base_link', child, at: [0, 0, 1], turned: toOptical, stamp: START }),
  );
  transforms.push(mount({ parent: 'base_link', child: 'lidar', at: [0, 0, 1], stamp: START }));
  return [raw('/tf_static', 'tf2_msgs/msg/TFMessage', { transforms }, START), ...infos];
}

/** A picture as `sensor_msgs/Image`; public so that tests can replace one by a black or broken one. */
export function picture(encoding: 'rgb8' | '16UC1', frame: string, stamp: Stamp, data: Uint8Array): object {
  const step = WIDTH * (encoding === 'rgb8' ? 3 : 2);
  return { header: header(frame, stamp), height: HEIGHT, width: WIDTH, encoding, is_bigendian: 0, step, data };
}

const MAKERS: Record<TinyModality, (k: number, stamp: Stamp) => RawMessage> = {
  camera(k, stamp) {
    const data = new Uint8Array(WIDTH * HEIGHT * 3);
    for (let i = 0; i < data.length; i++) data[i] = 40 + (i % (WIDTH * 3)) / 2 + ((i * 7 + k * 13) % 11);
    return raw(TINY_TOPICS.camera, 'sensor_msgs/msg/Image', picture('rgb8', 'camera', stamp, data));
  },
  depth(k, stamp) {
    const millimetres = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => 10_000 + ((i * 31 + k * 17) % 40));
    const data = new Uint8Array(millimetres.buffer);
    return raw(TINY_TOPICS.depth, 'sensor_msgs/msg/Image', picture('16UC1', 'depth', stamp, data));
  },
  events(k, stamp) {
    // Encoding mono: bits 0-31 dt in ns, 32-47 x, 48-62 y, 63 polarity.
    const words = BigUint64Array.from({ length: 8 }, (_, i) => {
      const x = BigInt((i * 5 + k) % WIDTH);
      const y = BigInt((i * 3 + k) % HEIGHT);
      return BigInt(i * 1_000_000) | (x << 32n) | (y << 48n) | (BigInt(i % 2) << 63n);
    });
    return raw(TINY_TOPICS.events, 'event_camera_msgs/msg/EventPacket', {
      header: { stamp: timeFromStamp(stamp), frame_id: 'events' },
      height: HEIGHT,
      width: WIDTH,
      seq: BigInt(k),
      time_base: stamp,
      encoding: 'mono',
      is_bigendian: false,
      events: new Uint8Array(words.buffer),
    });
  },
  lidar(k, stamp) {
    const points = Float32Array.from({ length: 4 * 60 }, (_, i) => {
      const point = i >> 2;
      return [10 + 0.01 * (k % 7), (point % 10) - 5, Math.floor(point / 10) - 2, 0.5][i & 3]!;
    });
    const names = ['x', 'y', 'z', 'intensity'];
    return raw(TINY_TOPICS.lidar, 'sensor_msgs/msg/PointCloud2', {
      header: header('lidar', stamp),
      height: 1,
      width: 60,
      fields: names.map((name, i) => ({ name, offset: 4 * i, datatype: 7, count: 1 })),
      is_bigendian: false,
      point_step: 16,
      row_step: 960,
      data: new Uint8Array(points.buffer),
      is_dense: true,
    });
  },
};
