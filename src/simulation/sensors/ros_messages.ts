import sharp from 'sharp';
import type {
  CameraInfo,
  CompressedImage,
  EventPacket,
  Header,
  Image,
  Odometry,
  PointCloud2,
  TFMessage,
} from '../../messages/index.js';
import { timeFromStamp } from '../../messages/index.js';
import { type Pose, quaternionFromRotation } from '../pose.js';
import type { Intrinsics } from '../render/intrinsics.js';
import type { LidarSweep } from './lidar.js';
import { RIG, type Rig } from './rig_geometry.js';
import type { TimedSweep } from './spinning_lidar.js';

const JPEG_QUALITY = 72;

export function createHeader(stamp: bigint, frame: string): Header {
  return { stamp: timeFromStamp(stamp), frame_id: frame };
}

/** A JPEG as compressed_image_transport writes it, from width * height * 3 bytes in RGB order. */
export async function jpegMessage(
  header: Header,
  rgb: Uint8Array,
  width: number,
  height: number,
  quality = JPEG_QUALITY,
): Promise<CompressedImage> {
  const data = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return { header, format: 'rgb8; jpeg compressed bgr8', data: exactBytes(data) };
}

/** Millimetres as compressed_depth_image_transport writes them: a 12-byte header that 16UC1 leaves zero, then a PNG. */
export async function compressedDepthMessage(
  header: Header,
  millimetres: Uint16Array,
  width: number,
  height: number,
): Promise<CompressedImage> {
  const png = await sharp(millimetres, { raw: { width, height, channels: 1 } })
    .toColourspace('grey16')
    .png({ compressionLevel: 6 })
    .toBuffer();
  const data = new Uint8Array(12 + png.length);
  data.set(png, 12);
  return { header, format: '16UC1; compressedDepth png', data };
}

export function monoImageMessage(header: Header, data: Uint8Array, width: number, height: number): Image {
  return { header, height, width, encoding: 'mono8', is_bigendian: 0, step: width, data };
}

/**
 * An unorganised cloud with fields x, y, z (float32), intensity (uint8) and ring (uint16), 16 bytes a point; with the
 * times of a spinning LiDAR also t (uint32, nanoseconds after the stamp, as Ouster's), 20 bytes.
 */
export function pointCloudMessage(header: Header, sweep: LidarSweep | TimedSweep): PointCloud2 {
  const time = 'time' in sweep ? sweep.time : undefined;
  const step = time === undefined ? 16 : 20;
  const data = new Uint8Array(step * sweep.length);
  const view = new DataView(data.buffer);
  for (let i = 0; i < sweep.length; i++) {
    for (let axis = 0; axis < 3; axis++) view.setFloat32(step * i + 4 * axis, sweep.xyz[3 * i + axis]!, true);
    view.setUint8(step * i + 12, sweep.intensity[i]!);
    view.setUint16(step * i + 14, sweep.ring[i]!, true);
    if (time !== undefined) view.setUint32(step * i + 16, time[i]!, true);
  }
  const field = (name: string, offset: number, datatype: number) => ({ name, offset, datatype, count: 1 });
  return {
    header,
    height: 1,
    width: sweep.length,
    // PointField datatypes: 7 = FLOAT32, 2 = UINT8, 4 = UINT16, 6 = UINT32.
    fields: [
      field('x', 0, 7),
      field('y', 4, 7),
      field('z', 8, 7),
      field('intensity', 12, 2),
      field('ring', 14, 4),
      ...(time === undefined ? [] : [field('t', 16, 6)]),
    ],
    is_bigendian: false,
    point_step: step,
    row_step: data.length,
    data,
    is_dense: true,
  };
}

export function eventPacketMessage(
  header: Header,
  events: Uint8Array,
  size: { readonly width: number; readonly height: number },
  seq: bigint,
): EventPacket {
  const { width, height } = size;
  return { header, height, width, seq, time_base: 0n, encoding: 'evt3', is_bigendian: false, events };
}

export function cameraInfoMessage(header: Header, i: Intrinsics): CameraInfo {
  return {
    header,
    height: i.height,
    width: i.width,
    distortion_model: 'plumb_bob',
    d: [...i.distortion],
    k: [i.fx, 0, i.cx, 0, i.fy, i.cy, 0, 0, 1],
    r: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    p: [i.fx, 0, i.cx, 0, 0, i.fy, i.cy, 0, 0, 0, 1, 0],
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false },
  };
}

/** The pose of base_link in odom. Twist and covariances are left 0: nothing here reads them. */
export function odometryMessage(header: Header, { x, y, z, rotation }: Pose): Odometry {
  const [qx, qy, qz, qw] = quaternionFromRotation(rotation);
  const pose = { position: { x, y, z }, orientation: { x: qx, y: qy, z: qz, w: qw } };
  return { header, child_frame_id: 'base_link', pose: { pose } };
}

/** The mounts of all sensors on base_link. */
export function staticTransformsMessage(stamp: bigint, rig: Rig = RIG): TFMessage {
  const mount = (frame: string, pose: Pose) => {
    const [x, y, z, w] = quaternionFromRotation(pose.rotation);
    return {
      header: createHeader(stamp, 'base_link'),
      child_frame_id: frame,
      transform: { translation: { x: pose.x, y: pose.y, z: pose.z }, rotation: { x, y, z, w } },
    };
  };
  return { transforms: [rig.camera, rig.depth, rig.events, rig.lidar].map(({ frame, pose }) => mount(frame, pose)) };
}

/** sharp's buffers may be views on a larger pool; messages own exactly their bytes. */
function exactBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}
