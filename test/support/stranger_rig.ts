import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { BagWriter, openBag } from '../../src/bags/index.js';
import {
  type CameraInfo,
  type CompressedImage,
  decodeMessage,
  encodeMessage,
  type PointCloud2,
  type RawMessage,
  type TFMessage,
} from '../../src/messages/index.js';
import { projectRoot } from './shared_data.js';

const LEFT = 'zed_left_camera_optical_frame';
const LIDAR = 'os_lidar';
/** Frames of the simulated rig, as this robot calls them. */
const FRAMES: Readonly<Record<string, string>> = { camera_optical: LEFT, lidar: LIDAR };
const WIDTH = 640;
const HEIGHT = 384;

/**
 * A recording as somebody brings it whose drivers nobody here chose: a ZED, whose pictures are rectified and whose depth
 * is registered to the left one; an Ouster with the fields of its driver; `chassis` as base; no events; no CameraInfo.
 * Beside it the calibration of the left camera, as camera_calibration writes it.
 */
export async function writeStrangerRig(folder: string, seconds = 1): Promise<{ bag: string; calibration: string }> {
  const bag = join(folder, 'drive.mcap');
  const calibration = join(folder, 'zed_left.yaml');
  const town = await openBag(join(projectRoot, 'samples', 'town'));
  const writer = await BagWriter.create(bag);
  try {
    const end = town.info.start! + BigInt(Math.round(seconds * 1e9));
    let isCalibrated = false;
    for await (const raw of town.messages({ end })) {
      if (raw.topic === '/camera/camera_info' && !isCalibrated) {
        isCalibrated = true;
        await writeFile(calibration, calibrationFile(decodeMessage<CameraInfo>(raw)));
      }
      const message = await asStrangers(raw);
      if (message === undefined) continue;
      const { topic, type, content } = message;
      await writer.write({ topic, type, data: encodeMessage(type, content), logTime: raw.receiveStamp });
    }
  } finally {
    await writer.close();
    await town.close();
  }
  return { bag, calibration };
}

async function asStrangers(raw: RawMessage): Promise<{ topic: string; type: string; content: object } | undefined> {
  switch (raw.topic) {
    case '/tf_static': {
      const { transforms } = decodeMessage<TFMessage>(raw);
      const mounts = transforms.flatMap(({ header, child_frame_id, transform }) => {
        const child = FRAMES[child_frame_id];
        return child === undefined
          ? []
          : [{ header: { ...header, frame_id: 'chassis' }, child_frame_id: child, transform }];
      });
      return { topic: raw.topic, type: raw.type, content: { transforms: mounts } };
    }
    case '/camera/image/compressed': {
      const image = decodeMessage<CompressedImage>(raw);
      const topic = '/zed/zed_node/left/image_rect_color/compressed';
      return { topic, type: raw.type, content: { ...image, header: { ...image.header, frame_id: LEFT } } };
    }
    case '/depth/image/compressedDepth': {
      const image = decodeMessage<CompressedImage>(raw);
      const content = await registeredDepth({ ...image, header: { ...image.header, frame_id: LEFT } });
      return { topic: '/zed/zed_node/depth/depth_registered', type: 'sensor_msgs/msg/Image', content };
    }
    case '/lidar/points':
      return { topic: '/ouster/points', type: raw.type, content: ousterCloud(decodeMessage<PointCloud2>(raw)) };
    default:
      return undefined;
  }
}

/** Metres at the size of the left picture, NaN where nothing was measured, as the ZED wrapper publishes them. */
async function registeredDepth({ header, data }: CompressedImage): Promise<object> {
  const { data: bytes } = await sharp(data.subarray(12))
    .resize(WIDTH, HEIGHT, { kernel: 'nearest' })
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const millimetres = new Uint16Array(bytes.buffer, bytes.byteOffset, WIDTH * HEIGHT);
  const metres = Float32Array.from(millimetres, (value) => (value === 0 ? Number.NaN : value / 1000));
  return {
    header,
    height: HEIGHT,
    width: WIDTH,
    encoding: '32FC1',
    is_bigendian: 0,
    step: 4 * WIDTH,
    data: new Uint8Array(metres.buffer),
  };
}

/** The layout of ouster_ros: points of 48 bytes; reflectivity is calibrated, intensity counts photons. */
function ousterCloud({ header, width, point_step, data }: PointCloud2): object {
  const from = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const step = 48;
  const to = new DataView(new ArrayBuffer(step * width));
  for (let i = 0; i < width; i++) {
    const [x, y, z] = [0, 4, 8].map((offset) => from.getFloat32(i * point_step + offset, true)) as [
      number,
      number,
      number,
    ];
    const reflectivity = from.getUint8(i * point_step + 12);
    const range = Math.hypot(x, y, z);
    for (const [axis, value] of [x, y, z].entries()) to.setFloat32(i * step + 4 * axis, value, true);
    to.setFloat32(i * step + 16, (reflectivity * 400) / Math.max(range, 1), true);
    to.setUint32(i * step + 20, i * 10_000, true);
    to.setUint16(i * step + 24, reflectivity, true);
    to.setUint16(i * step + 26, from.getUint16(i * point_step + 14, true), true);
    to.setUint16(i * step + 28, 40, true);
    to.setUint32(i * step + 32, Math.round(1000 * range), true);
  }
  // PointField datatypes: 7 = FLOAT32, 6 = UINT32, 4 = UINT16.
  const fields = [
    ['x', 0, 7],
    ['y', 4, 7],
    ['z', 8, 7],
    ['intensity', 16, 7],
    ['t', 20, 6],
    ['reflectivity', 24, 4],
    ['ring', 26, 4],
    ['ambient', 28, 4],
    ['range', 32, 6],
  ].map(([name, offset, datatype]) => ({ name, offset, datatype, count: 1 }));
  return {
    header: { ...header, frame_id: LIDAR },
    height: 1,
    width,
    fields,
    is_bigendian: false,
    point_step: step,
    row_step: step * width,
    data: new Uint8Array(to.buffer),
    is_dense: true,
  };
}

function calibrationFile({ width, height, k, d, r, p }: CameraInfo): string {
  const matrix = (rows: number, cols: number, data: ArrayLike<number>) => ({ rows, cols, data: Array.from(data) });
  return stringify({
    image_width: width,
    image_height: height,
    camera_name: 'zed_left',
    camera_matrix: matrix(3, 3, k),
    distortion_model: 'plumb_bob',
    distortion_coefficients: matrix(1, 5, d),
    rectification_matrix: matrix(3, 3, r),
    projection_matrix: matrix(3, 4, p),
  });
}
