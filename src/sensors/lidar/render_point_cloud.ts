import type { CameraModel, NineNumbers, RigidTransform } from '../calibration/index.js';
import { heightLevel } from '../depth/index.js';
import { inSlices } from '../in_slices.js';
import type { ContentQuality, ImageSize } from '../modality_image.js';
import { Pool } from '../pool.js';
import type { Representation } from '../representation.js';

/** The representations a point cloud can be drawn in. */
export type LidarRepresentation = Extract<Representation, { kind: 'range-intensity-height' }>;

const POINTS_PER_SLICE = 20_000;
const PIXELS_PER_SLICE = 25_000;

/** Where the LiDAR is and what it is drawn into. */
export interface LidarPlacement {
  /** The camera scaled to the grid (lens distortion included). */
  grid: CameraModel;
  /** Takes points from the LiDAR's frame to the camera's optical frame. */
  lidarToCamera: RigidTransform;
  /** Takes points from the LiDAR's frame to the base frame, whose z = 0 is the ground. */
  lidarToBase: RigidTransform;
}

/** What is drawn: points as in a `PointCloud`, or in double precision as some data sets store them. */
export interface DrawnPoints {
  readonly length: number;
  readonly x: Float32Array | Float64Array;
  readonly y: Float32Array | Float64Array;
  readonly z: Float32Array | Float64Array;
  readonly intensity: Float32Array | Float64Array;
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
export async function renderPointCloud(
  cloud: DrawnPoints,
  placement: LidarPlacement,
  representation: LidarRepresentation,
): Promise<LidarImage> {
  const { grid } = placement;
  const image = free.take(grid) ?? {
    width: grid.width,
    height: grid.height,
    point: new Int32Array(grid.width * grid.height),
    depth: new Float32Array(grid.width * grid.height),
  };
  image.point.fill(-1);
  image.depth.fill(Number.POSITIVE_INFINITY);
  let visiblePoints = 0;
  await inSlices(cloud.length, POINTS_PER_SLICE, (from, to) => {
    visiblePoints += placePoints(cloud, from, to, placement, representation.dilation, image);
  });
  const data = new Uint8Array(image.point.length * 3);
  const colours = new PointColours(cloud, placement.lidarToBase, representation);
  await inSlices(image.point.length, PIXELS_PER_SLICE, (from, to) => paint(data, from, to, image.point, colours));
  free.give(grid, image);
  const quality: ContentQuality = visiblePoints > 0 ? { kind: 'good' } : { kind: 'blind', reason: 'empty' };
  return { data, visiblePoints, quality };
}

/** For each grid pixel the index of the nearest point that covers it, or -1, and that point's depth. */
interface Nearest extends ImageSize {
  point: Int32Array;
  depth: Float32Array;
}

/** Of a grid, what no cloud is drawn into just now: half a megabyte that would be made anew for each. */
const free = new Pool<CameraModel, Nearest>();

/**
 * Places the points `from` up to `to`. A point covers the square of `radius` pixels around its own; points outside the
 * grid cover nothing.
 * @returns how many fell into the grid
 */
function placePoints(
  cloud: DrawnPoints,
  from: number,
  to: number,
  { grid, lidarToCamera }: LidarPlacement,
  radius: number,
  { width, height, point, depth }: Nearest,
): number {
  const pixel = new Float64Array(2);
  const { x: xs, y: ys, z: zs } = cloud;
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = Array.from(lidarToCamera.rotation) as NineNumbers;
  const [tx, ty, tz] = Array.from(lidarToCamera.translation) as [number, number, number];
  let visiblePoints = 0;
  for (let i = from; i < to; i++) {
    const x = xs[i]!;
    const y = ys[i]!;
    const z = zs[i]!;
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
          point[index] = i;
        }
      }
    }
  }
  return visiblePoints;
}

/** Paints the pixels `from` up to `to`. */
function paint(data: Uint8Array, from: number, to: number, nearest: Int32Array, colours: PointColours): void {
  for (let pixel = from; pixel < to; pixel++) {
    const i = nearest[pixel]!;
    if (i < 0) continue;
    const colour = colours.of(i);
    data[pixel * 3] = colour & 0xff;
    data[pixel * 3 + 1] = (colour >> 8) & 0xff;
    data[pixel * 3 + 2] = colour >> 16;
  }
}

/** What points are painted with. A dilated point covers several pixels, and its logarithm is taken once. */
class PointColours {
  readonly #cloud: DrawnPoints;
  readonly #nearRange: number;
  readonly #logSpan: number;
  readonly #up: readonly [x: number, y: number, z: number, offset: number];
  readonly #heightMetres: readonly [number, number];
  /** R, G, B from the lowest byte on; 0 where not asked for yet, as B of every point is 1 at least. */
  readonly #colours: Uint32Array;

  constructor(cloud: DrawnPoints, { rotation, translation }: RigidTransform, representation: LidarRepresentation) {
    const [nearRange, farRange] = representation.rangeMetres;
    this.#cloud = cloud;
    this.#nearRange = nearRange;
    this.#logSpan = Math.log(farRange / nearRange);
    this.#up = [rotation[6]!, rotation[7]!, rotation[8]!, translation[2]!];
    this.#heightMetres = representation.heightMetres;
    this.#colours = new Uint32Array(cloud.length);
  }

  of(i: number): number {
    const known = this.#colours[i]!;
    return known === 0 ? this.#compute(i) : known;
  }

  #compute(i: number): number {
    const x = this.#cloud.x[i]!;
    const y = this.#cloud.y[i]!;
    const z = this.#cloud.z[i]!;
    const range = Math.sqrt(x * x + y * y + z * z);
    const [upX, upY, upZ, offset] = this.#up;
    const nearness = toByte(255 * (1 - Math.log(range / this.#nearRange) / this.#logSpan));
    const height = heightLevel(upX * x + upY * y + upZ * z + offset, this.#heightMetres);
    const colour = nearness | (toByte(this.#cloud.intensity[i]!) << 8) | (height << 16);
    this.#colours[i] = colour;
    return colour;
  }
}

function toByte(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
