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
  const { x, y, z, time, length } = cloud;
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
    for (let i = from; i < to; i++) {
      const m = time === undefined ? 0 : NUMBERS * Math.round((time[i]! - first) * perSecond);
      const [px, py, pz] = [x[i]!, y[i]!, z[i]!];
      x[i] = table[m]! * px + table[m + 1]! * py + table[m + 2]! * pz + table[m + 3]!;
      y[i] = table[m + 4]! * px + table[m + 5]! * py + table[m + 6]! * pz + table[m + 7]!;
      z[i] = table[m + 8]! * px + table[m + 9]! * py + table[m + 10]! * pz + table[m + 11]!;
    }
  });
  return 'carried';
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
