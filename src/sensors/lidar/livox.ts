import { stampFromTime } from '../../messages/stamp.js';
import { BOUNDS } from '../bounds.js';
import { inSlices } from '../in_slices.js';
import {
  dropPointsWithoutReturn,
  type PointCloud,
  type PointCloudOutcome,
  type ReadPointCloudOptions,
  scaleIntensity,
} from './point_cloud.js';

/** The message Livox's drivers publish with `xfer_format` 1, under the names of three packages. */
export const livoxTypes: readonly string[] = ['livox_ros_driver2', 'livox_ros_driver', 'livox_interfaces'].map(
  (name) => `${name}/msg/CustomMsg`,
);

const POINTS_PER_SLICE = 50_000;
/** A time base further from the stamp than this is of another clock: the points then count from the stamp. */
const SAME_CLOCK_SECONDS = 2;
/** offset_time 4, x, y, z 12, reflectivity, tag and line 3, and one byte that brings the next point to a multiple of 4. */
const POINT_BYTES = 20;
const LAST_POINT_BYTES = 19;
const ENCAPSULATION_BYTES = 4;

/**
 * Reads a Livox CustomMsg straight from its CDR bytes, of either byte order: a general decoder would make an object of
 * each point. Reflectivity is 0..255, `offset_time` nanoseconds after the message's time base.
 * @param data - CDR with its encapsulation header
 */
export async function readLivoxCloud(
  data: Uint8Array,
  options: ReadPointCloudOptions = {},
): Promise<PointCloudOutcome> {
  const points = findPoints(data);
  if (points === undefined) {
    return {
      kind: 'invalid',
      reason: `Expected a Livox CustomMsg in plain CDR but received ${data.length} bytes that end in its header`,
    };
  }
  const { count, view, at, littleEndian, secondsAfterStamp } = points;
  const needed = count === 0 ? 0 : POINT_BYTES * (count - 1) + LAST_POINT_BYTES;
  if (count > BOUNDS.cloudPoints || needed > data.length - at) {
    const reason = `Expected ${needed} bytes for ${count} Livox points but received ${data.length - at}`;
    return { kind: 'invalid', reason };
  }
  const cloud: PointCloud = {
    length: count,
    x: new Float32Array(count),
    y: new Float32Array(count),
    z: new Float32Array(count),
    intensity: new Float32Array(count),
    ...(options.timesAfter !== undefined && { time: new Float32Array(count) }),
  };
  const { x, y, z, intensity, time } = cloud;
  await inSlices(count, POINTS_PER_SLICE, (from, to) => {
    for (let i = from, offset = at + from * POINT_BYTES; i < to; i++, offset += POINT_BYTES) {
      if (time !== undefined) time[i] = secondsAfterStamp + view.getUint32(offset, littleEndian) * 1e-9;
      x[i] = view.getFloat32(offset + 4, littleEndian);
      y[i] = view.getFloat32(offset + 8, littleEndian);
      z[i] = view.getFloat32(offset + 12, littleEndian);
      intensity[i] = view.getUint8(offset + 16);
    }
  });
  const { intensityFullScale } = options;
  if (typeof intensityFullScale === 'number') await scaleIntensity(intensity, intensityFullScale);
  await dropPointsWithoutReturn(cloud);
  return { kind: 'cloud', cloud };
}

/** How many points a CustomMsg claims; 0 where it ends before it says. */
export function livoxPointCount(data: Uint8Array): number {
  return findPoints(data)?.count ?? 0;
}

/** Where the points begin, and when; undefined where the message ends before. */
function findPoints(data: Uint8Array) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  // Encapsulation, stamp and the length of frame_id.
  if (data.length < 16 || data[0] !== 0 || data[1]! > 1) return undefined;
  const littleEndian = data[1] === 1;
  const stamp = stampFromTime({ sec: view.getInt32(4, littleEndian), nanosec: view.getUint32(8, littleEndian) });
  let at = 16 + view.getUint32(12, littleEndian);
  // CDR aligns to what follows its encapsulation.
  at += (8 - ((at - ENCAPSULATION_BYTES) % 8)) % 8;
  // timebase 8, point_num 4, lidar_id 1, rsvd 3, and the sequence's length 4.
  if (at + 20 > data.length) return undefined;
  const after = Number(view.getBigUint64(at, littleEndian) - stamp) / 1e9;
  const count = view.getUint32(at + 16, littleEndian);
  const secondsAfterStamp = Math.abs(after) < SAME_CLOCK_SECONDS ? after : 0;
  return { view, littleEndian, at: at + 20, count, secondsAfterStamp };
}
