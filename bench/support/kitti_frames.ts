import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { encodeMessage, type RawMessage, type Stamp, timeFromStamp } from '../../src/messages/index.js';
import { cameraInfo, header, mount, raw } from '../../test/sensors/support/messages.js';

/** Height of the LiDAR above the ground in KITTI's vehicle, metres (Geiger et al., IJRR 2013, figure 3). */
const LIDAR_HEIGHT = 1.73;
export const KITTI_TOPICS = {
  camera: '/camera/image_raw',
  info: '/camera/camera_info',
  lidar: '/lidar/points',
} as const;

/** An annotated object, in pixels of the picture that is shown. */
export interface KittiBox {
  type: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Of the object's centre, metres in front of the camera: nearer boxes hide those behind. */
  distance: number;
}

/** A frame of KITTI's object data set as the messages a robot would send. */
export interface KittiFrame {
  name: string;
  width: number;
  height: number;
  calibration: RawMessage[];
  camera: RawMessage;
  lidar: RawMessage | undefined;
  /** Undefined where nothing is annotated. */
  boxes: KittiBox[] | undefined;
}

/**
 * Reads every frame of a folder in the layout of KITTI's object data set: `image_2/NAME.png` or `.jpg`, `calib/NAME.txt`
 * (P2, R0_rect, Tr_velo_to_cam), and where they are there `velodyne/NAME.bin` and `label_2/NAME.txt`.
 * @param aspect - width by height to cut out of the middle of each picture; undefined for whole pictures
 */
export async function* readKittiFrames(root: string, aspect?: number): AsyncGenerator<KittiFrame> {
  const files = (await readdir(join(root, 'image_2'))).sort();
  for (const [index, file] of files.entries()) {
    const name = file.replace(/\.\w+$/, '');
    const calib = readCalibration(await readFile(join(root, 'calib', `${name}.txt`), 'utf8'));
    const picture = sharp(join(root, 'image_2', file))
      .removeAlpha()
      .toColourspace('srgb');
    const whole = await picture.metadata();
    const width = aspect === undefined ? whole.width : Math.min(whole.width, Math.round(whole.height * aspect));
    const left = Math.floor((whole.width - width) / 2);
    const height = whole.height;
    const data = new Uint8Array(await picture.extract({ left, top: 0, width, height }).raw().toBuffer());
    // Frames have nothing to do with each other: seconds apart, so that none is taken for another's neighbour.
    const stamp = BigInt(1 + 10 * index) * 1_000_000_000n;
    const points = await optional(join(root, 'velodyne', `${name}.bin`));
    const labels = await optional(join(root, 'label_2', `${name}.txt`));
    yield {
      name,
      width,
      height,
      calibration: [transforms(calib, stamp), info(calib, { width, height, left }, stamp)],
      camera: raw(
        KITTI_TOPICS.camera,
        'sensor_msgs/msg/Image',
        { header: header('camera', stamp), height, width, encoding: 'rgb8', is_bigendian: 0, step: 3 * width, data },
        stamp,
      ),
      lidar: points && cloud(new Uint8Array(points), stamp),
      boxes: labels && parseBoxes(labels.toString('utf8'), left),
    };
  }
}

interface Calibration {
  /** 3 x 4, row by row. */
  projection: number[];
  /** Rotation and translation that take a point of the LiDAR's frame into that of the camera. */
  rotation: number[];
  translation: number[];
}

function readCalibration(text: string): Calibration {
  const row = (name: string): number[] => {
    const line = text.split('\n').find((each) => each.startsWith(`${name}:`));
    if (line === undefined) throw new Error(`Expected ${name} in a calibration of KITTI but it has none.`);
    return line
      .slice(name.length + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
  };
  const [projection, r0, velo] = [row('P2'), row('R0_rect'), row('Tr_velo_to_cam')];
  const product = (column: number): number[] =>
    [0, 1, 2].map((i) => [0, 1, 2].reduce((sum, k) => sum + r0[3 * i + k]! * velo[4 * k + column]!, 0));
  const columns = [product(0), product(1), product(2)];
  const offset = product(3);
  // P2 is K (I | t): camera 2 sees from t beside the rectified frame. Its third row is near to 0 0 1 0.
  const [fx, , cx, px, , fy, cy, py, , , , pz] = projection as number[];
  const shift = [(px! - cx! * pz!) / fx!, (py! - cy! * pz!) / fy!, pz!];
  return {
    projection,
    rotation: [0, 1, 2].flatMap((i) => columns.map((column) => column[i]!)),
    translation: offset.map((value, i) => value + shift[i]!),
  };
}

/** base_link on the ground below the LiDAR, and the camera seen from the LiDAR. */
function transforms({ rotation: r, translation: t }: Calibration, stamp: Stamp): RawMessage {
  // The camera's pose is the inverse: rotation transposed, as quaternion. Its trace is near 0, so that w is near 0.5.
  const w = Math.sqrt(1 + r[0]! + r[4]! + r[8]!) / 2;
  const turned = [(r[5]! - r[7]!) / (4 * w), (r[6]! - r[2]!) / (4 * w), (r[1]! - r[3]!) / (4 * w), w] as const;
  const at = [0, 1, 2].map((i) => -(r[i]! * t[0]! + r[3 + i]! * t[1]! + r[6 + i]! * t[2]!));
  const mounts = [
    mount({ parent: 'base_link', child: 'lidar', at: [0, 0, LIDAR_HEIGHT], stamp }),
    mount({ parent: 'lidar', child: 'camera', at: at as [number, number, number], turned, stamp }),
  ];
  return raw('/tf_static', 'tf2_msgs/msg/TFMessage', { transforms: mounts }, stamp);
}

function info({ projection: p }: Calibration, cut: { width: number; height: number; left: number }, stamp: Stamp) {
  const { width, height, left } = cut;
  const [fx, fy, cx, cy] = [p[0]!, p[5]!, p[2]! - left, p[6]!];
  const message = cameraInfo({
    header: header('camera', stamp),
    width,
    height,
    k: [fx, 0, cx, 0, fy, cy, 0, 0, 1],
    p: [fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0],
  });
  return raw(KITTI_TOPICS.info, 'sensor_msgs/msg/CameraInfo', message, stamp);
}

/** x, y, z and reflectance as float32, one point after the other. */
function cloud(data: Uint8Array, stamp: Stamp): RawMessage {
  const names = ['x', 'y', 'z', 'intensity'];
  const message = {
    header: { stamp: timeFromStamp(stamp), frame_id: 'lidar' },
    height: 1,
    width: data.length / 16,
    fields: names.map((name, i) => ({ name, offset: 4 * i, datatype: 7, count: 1 })),
    is_bigendian: false,
    point_step: 16,
    row_step: data.length,
    data,
    is_dense: true,
  };
  const type = 'sensor_msgs/msg/PointCloud2';
  return { topic: KITTI_TOPICS.lidar, type, data: encodeMessage(type, message), receiveStamp: stamp };
}

function parseBoxes(text: string, shift: number): KittiBox[] {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return rows
    .filter((row) => row.length >= 15 && row[0] !== 'DontCare')
    .map((row) => {
      const [left, top, right, bottom] = row.slice(4, 8).map(Number) as [number, number, number, number];
      return { type: row[0]!, left: left - shift, top, right: right - shift, bottom, distance: Number(row[13]) };
    });
}

async function optional(path: string): Promise<Buffer | undefined> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists ? readFile(path) : undefined;
}
