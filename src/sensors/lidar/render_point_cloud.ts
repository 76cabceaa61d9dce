import type { CameraModel, RigidTransform } from '../calibration/index.js';
import { heightLevel } from '../depth/index.js';
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
  const { nearest, visiblePoints } = nearestPoints(cloud, placement, representation.dilation);
  const data = new Uint8Array(width * height * 3);
  paint(data, nearest, cloud, placement.lidarToBase, representation);
  const quality: ContentQuality = visiblePoints > 0 ? { kind: 'good' } : { kind: 'blind', reason: 'empty' };
  return { data, visiblePoints, quality };
}

/**
 * For each grid pixel the index of the nearest point that covers it, or -1. A point covers the square of `radius` pixels
 * around its own; points outside the grid cover nothing.
 */
function nearestPoints(
  cloud: PointCloud,
  { grid, lidarToCamera }: LidarPlacement,
  radius: number,
): { nearest: Int32Array; visiblePoints: number } {
  const { width, height } = grid;
  const nearest = new Int32Array(width * height).fill(-1);
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
  let visiblePoints = 0;

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
    visiblePoints++;
    const left = Math.max(0, column - radius);
    const right = Math.min(width - 1, column + radius);
    const bottom = Math.min(height - 1, row + radius);
    for (let v = Math.max(0, row - radius); v <= bottom; v++) {
      for (let index = v * width + left; index <= v * width + right; index++) {
        if (ahead < depth[index]!) {
          depth[index] = ahead;
          nearest[index] = i;
        }
      }
    }
  }
  return { nearest, visiblePoints };
}

function paint(
  data: Uint8Array,
  nearest: Int32Array,
  cloud: PointCloud,
  lidarToBase: RigidTransform,
  { rangeMetres, heightMetres }: LidarRepresentation,
): void {
  const [nearRange, farRange] = rangeMetres;
  const logSpan = Math.log(farRange / nearRange);
  const [bx, by, bz] = [lidarToBase.rotation[6]!, lidarToBase.rotation[7]!, lidarToBase.rotation[8]!];
  const baseZ = lidarToBase.translation[2]!;
  for (let pixel = 0; pixel < nearest.length; pixel++) {
    const i = nearest[pixel]!;
    if (i < 0) continue;
    const x = cloud.x[i]!;
    const y = cloud.y[i]!;
    const z = cloud.z[i]!;
    const range = Math.sqrt(x * x + y * y + z * z);
    const height = bx * x + by * y + bz * z + baseZ;
    data[pixel * 3] = toByte(255 * (1 - Math.log(range / nearRange) / logSpan));
    data[pixel * 3 + 1] = toByte(cloud.intensity[i]!);
    data[pixel * 3 + 2] = heightLevel(height, heightMetres);
  }
}

function toByte(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
