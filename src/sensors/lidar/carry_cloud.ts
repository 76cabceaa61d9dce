import type { RigidTransform } from '../calibration/index.js';
import { inSlices } from '../in_slices.js';
import type { PointCloud } from './point_cloud.js';

/** The motion is asked for so often along a sweep; between two answers it is taken as even. */
const KNOT_SECONDS = 0.01;
/** Points share a transform with those of the same bucket: of a sweep of 100 ms, with those of 0.2 ms. */
const BUCKETS = 512;
const POINTS_PER_SLICE = 60_000;
const NUMBERS = 12;

/**
 * Moves points, in place, to where they are at another time: each by its own time where it has one.
 * @param motionAt - what takes a point measured so many seconds after the message's stamp to that time; undefined where
 *   it is not known
 * @returns `carried`, or `unknown` with the cloud left as it was
 */
export async function carryCloud(
  cloud: PointCloud,
  motionAt: (seconds: number) => RigidTransform | undefined,
): Promise<'carried' | 'unknown'> {
  const { time, length } = cloud;
  const [first, last] = time === undefined ? [0, 0] : range(time, length);
  const knots: RigidTransform[] = [];
  const intervals = Math.max(1, Math.ceil((last - first) / KNOT_SECONDS));
  for (let i = 0; i <= intervals; i++) {
    const motion = motionAt(first + ((last - first) * i) / intervals);
    if (motion === undefined) return 'unknown';
    knots.push(motion);
  }
  const table = bucketTable(knots);
  const perSecond = last > first ? (BUCKETS - 1) / (last - first) : 0;
  await inSlices(length, POINTS_PER_SLICE, (from, to) => {
    carryPoints(cloud, from, to, first, perSecond, table);
  });
  return 'carried';
}

/** Moves the points `from` up to `to`. Points that follow each other mostly share a bucket, whose numbers are read once. */
function carryPoints(
  { x, y, z, time }: PointCloud,
  from: number,
  to: number,
  first: number,
  perSecond: number,
  table: Float64Array,
): void {
  let bucket = -1;
  let [r00, r01, r02, tx, r10, r11, r12, ty, r20, r21, r22, tz] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const own = time === undefined ? 0 : ((time[i]! - first) * perSecond + 0.5) | 0;
    if (own !== bucket) {
      bucket = own;
      const m = NUMBERS * bucket;
      r00 = table[m]!;
      r01 = table[m + 1]!;
      r02 = table[m + 2]!;
      tx = table[m + 3]!;
      r10 = table[m + 4]!;
      r11 = table[m + 5]!;
      r12 = table[m + 6]!;
      ty = table[m + 7]!;
      r20 = table[m + 8]!;
      r21 = table[m + 9]!;
      r22 = table[m + 10]!;
      tz = table[m + 11]!;
    }
    const px = x[i]!;
    const py = y[i]!;
    const pz = z[i]!;
    x[i] = r00 * px + r01 * py + r02 * pz + tx;
    y[i] = r10 * px + r11 * py + r12 * pz + ty;
    z[i] = r20 * px + r21 * py + r22 * pz + tz;
  }
}

function range(time: Float32Array, length: number): [first: number, last: number] {
  let [first, last] = [time[0] ?? 0, time[0] ?? 0];
  for (let i = 1; i < length; i++) {
    const value = time[i]!;
    if (value < first) first = value;
    if (value > last) last = value;
  }
  return [first, last];
}

/**
 * Three rows of four numbers for each bucket, mixed from the two knots around it: over ten milliseconds a vehicle turns
 * by so little that the mean of two rotation matrices is one to a millionth.
 */
function bucketTable(knots: readonly RigidTransform[]): Float64Array {
  const table = new Float64Array(BUCKETS * NUMBERS);
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const place = (bucket / (BUCKETS - 1)) * (knots.length - 1);
    const before = Math.min(Math.floor(place), knots.length - 2);
    const share = place - before;
    const [a, b] = [knots[before]!, knots[before + 1]!];
    const mix = (from: number, to: number) => from + (to - from) * share;
    for (let row = 0; row < 3; row++) {
      const at = bucket * NUMBERS + 4 * row;
      for (let column = 0; column < 3; column++) {
        table[at + column] = mix(a.rotation[3 * row + column]!, b.rotation[3 * row + column]!);
      }
      table[at + 3] = mix(a.translation[row]!, b.translation[row]!);
    }
  }
  return table;
}
