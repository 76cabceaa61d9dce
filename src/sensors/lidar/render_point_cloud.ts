import type { CameraModel, RigidTransform } from '../calibration/index.js';
import type { ContentQuality } from '../modality_image.js';
import type { Representation } from '../representation.js';
import type { PointCloud } from './read_point_cloud.js';

/** The representations a point cloud can be drawn in. */
export type LidarRepresentation = Extract<Representation, { kind: 'range-intensity-height' }>;

/** Where the LiDAR is and what it is drawn into. */
export interface LidarPlacement {
  /** The camera scaled to the grid (lens distortion included). */
  grid: CameraModel;
  /** Takes points from the LiDAR's frame to the camera's optical frame. */
  lidarToCamera: RigidTransform;
  /** Takes points from the LiDAR's frame to the base frame, whose z = 0 is the ground. */
  lidarToBase: RigidTransform;
}

export interface LidarImage {
  /** height * width * 3 bytes on the grid, RGB order; 0 = nothing known. */
  data: Uint8Array;
  /** Points that fell into the grid. */
  visiblePoints: number;
  quality: ContentQuality;
}

/**
 * Draws a point cloud into the camera's pixel grid, `range-intensity-height`:
 * R = 255 (1 - ln(r / rmin) / ln(rmax / rmin)), G = intensity 0..255, B = height above the ground, lo..hi -> 1..255.
 * r is the distance from the LiDAR. Points behind the camera are dropped; where several meet in a pixel the one with
 * the smallest depth in the camera's frame wins, also where dilation makes a point cover its neighbours.
 * Every point there has B >= 1, so that black stays the mark of nothing known.
 */
export function renderPointCloud(
  cloud: PointCloud,
  placement: LidarPlacement,
  representation: LidarRepresentation,
): LidarImage {
  const { width, height } = placement.grid;
  const nearest = nearestPoints(cloud, placement);
  const winners = dilate(nearest, width, height, representation.dilation);
  const data = new Uint8Array(width * height * 3);
  paint(data, winners, cloud, placement.lidarToBase, representation);
  const quality: ContentQuality = nearest.visible > 0 ? { kind: 'good' } : { kind: 'blind', reason: 'empty' };
  return { data, visiblePoints: nearest.visible, quality };
}

/** For each grid pixel the index of its nearest point (-1: none) and that point's depth in metres. */
interface DepthBuffer {
  point: Int32Array;
  depth: Float32Array;
  /** Points that fell into the grid. */
  visible: number;
}

function nearestPoints(cloud: PointCloud, { grid, lidarToCamera }: LidarPlacement): DepthBuffer {
  const { width, height } = grid;
  const point = new Int32Array(width * height).fill(-1);
  const depth = new Float32Array(width * height).fill(Number.POSITIVE_INFINITY);
  const pixel = new Float64Array(2);
  const { rotation: r, translation } = lidarToCamera;
  const r00 = r[0]!;
  const r01 = r[1]!;
  const r02 = r[2]!;
  const r10 = r[3]!;
  const r11 = r[4]!;
  const r12 = r[5]!;
  const r20 = r[6]!;
  const r21 = r[7]!;
  const r22 = r[8]!;
  const tx = translation[0]!;
  const ty = translation[1]!;
  const tz = translation[2]!;
  let visible = 0;

  for (let i = 0; i < cloud.length; i++) {
    const x = cloud.x[i]!;
    const y = cloud.y[i]!;
    const z = cloud.z[i]!;
    const ahead = r20 * x + r21 * y + r22 * z + tz;
    if (!(ahead > 0)) continue;
    if (!grid.project(r00 * x + r01 * y + r02 * z + tx, r10 * x + r11 * y + r12 * z + ty, ahead, pixel)) continue;
    const column = Math.floor(pixel[0]! + 0.5);
    const row = Math.floor(pixel[1]! + 0.5);
    if (column < 0 || column >= width || row < 0 || row >= height) continue;
    visible++;
    const index = row * width + column;
    if (ahead < depth[index]!) {
      depth[index] = ahead;
      point[index] = i;
    }
  }
  return { point, depth, visible };
}

/** Lets every point cover the square of `radius` pixels around it; the nearest wins. Two passes, rows then columns. */
function dilate(from: DepthBuffer, width: number, height: number, radius: number): Int32Array {
  if (radius === 0) return from.point;
  const wide: DepthBuffer = { point: from.point.slice(), depth: from.depth.slice(), visible: from.visible };
  for (let row = 0; row < height; row++) spreadLine(from, wide, row * width, 1, width, radius);
  const tall: DepthBuffer = { point: wide.point.slice(), depth: wide.depth.slice(), visible: from.visible };
  for (let column = 0; column < width; column++) spreadLine(wide, tall, column, width, height, radius);
  return tall.point;
}

/** The minimum filter along one row or column. */
function spreadLine(from: DepthBuffer, to: DepthBuffer, start: number, stride: number, length: number, radius: number) {
  for (let i = 0; i < length; i++) {
    const source = start + i * stride;
    const depth = from.depth[source]!;
    if (depth === Number.POSITIVE_INFINITY) continue;
    const last = Math.min(length - 1, i + radius);
    for (let j = Math.max(0, i - radius); j <= last; j++) {
      const target = start + j * stride;
      if (depth < to.depth[target]!) {
        to.depth[target] = depth;
        to.point[target] = from.point[source]!;
      }
    }
  }
}

function paint(
  data: Uint8Array,
  winners: Int32Array,
  cloud: PointCloud,
  lidarToBase: RigidTransform,
  { rangeMetres, heightMetres }: LidarRepresentation,
): void {
  const [nearRange, farRange] = rangeMetres;
  const [lowest, highest] = heightMetres;
  const logSpan = Math.log(farRange / nearRange);
  const [bx, by, bz] = [lidarToBase.rotation[6]!, lidarToBase.rotation[7]!, lidarToBase.rotation[8]!];
  const baseZ = lidarToBase.translation[2]!;
  for (let pixel = 0; pixel < winners.length; pixel++) {
    const i = winners[pixel]!;
    if (i < 0) continue;
    const x = cloud.x[i]!;
    const y = cloud.y[i]!;
    const z = cloud.z[i]!;
    const range = Math.sqrt(x * x + y * y + z * z);
    const height = bx * x + by * y + bz * z + baseZ;
    data[pixel * 3] = toByte(255 * (1 - Math.log(range / nearRange) / logSpan));
    data[pixel * 3 + 1] = toByte(cloud.intensity[i]!);
    data[pixel * 3 + 2] = Math.max(1, toByte(1 + (254 * (height - lowest)) / (highest - lowest)));
  }
}

function toByte(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
