/**
 * Fields points tell their time in, by driver: `t` Ouster, `time` Velodyne, `timestamp` Hesai, RoboSense and Livox,
 * `offset_time` Livox, `time_stamp` and `t_offset` others.
 */
export const TIME_FIELDS: readonly string[] = ['t', 'time', 'timestamp', 'offset_time', 'time_stamp', 't_offset'];

/** Seconds of the units drivers count in. */
const UNITS = [1, 1e-3, 1e-6, 1e-9] as const;
/** A message holds one turn of the sensor, or a part of one: between a 2000th of a second and one. */
const SHORTEST_SPAN = 5e-4;
const LONGEST_SPAN = 1;
/** How far from the message's stamp an absolute time may lie to be of the same clock, in seconds. */
const SAME_CLOCK = 2;

/**
 * Turns the times of points into seconds after the message's stamp, whatever unit and origin the driver uses: counted
 * from the stamp (Ouster nanoseconds, Velodyne seconds) or as absolute time (Hesai and RoboSense seconds, Livox
 * nanoseconds). The unit is the one in which the cloud took a plausible time; absolute times of another clock than the
 * stamp's are laid so that the first point is at the stamp.
 * @param values - as read, one a point
 * @param stamp - of the message, nanoseconds
 * @param counted - `integer` for a field of integers, which count nanoseconds or microseconds rather than seconds
 * @returns undefined where no unit makes sense of them
 */
export function pointTimes(values: Float64Array, stamp: bigint, counted: 'integer' | 'real'): Float32Array | undefined {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // Points without return carry 0 also where the others carry absolute times.
    if (!Number.isFinite(value) || value === 0) continue;
    if (value < first) first = value;
    if (value > last) last = value;
  }
  if (!(last > first)) return undefined;
  const units = counted === 'integer' ? [...UNITS].reverse() : UNITS;
  const stampSeconds = Number(stamp) / 1e9;
  for (const unit of units) {
    // As differences, for a double does not hold nanoseconds since 1970 exactly.
    const start = first * unit - stampSeconds;
    const isAbsolute = Math.abs(start) < SAME_CLOCK && Math.abs(stampSeconds) > 100 * SAME_CLOCK;
    if (isAbsolute && isSpan((last - first) * unit)) {
      return toSeconds(values, first, unit, exactDifference(first, unit, stamp));
    }
  }
  const unit = units.find((candidate) => isSpan((last - first) * candidate));
  if (unit === undefined) return undefined;
  const isOfAnotherClock = Math.abs(first * unit) > SAME_CLOCK;
  return toSeconds(values, first, unit, isOfAnotherClock ? 0 : first * unit);
}

function isSpan(seconds: number): boolean {
  return seconds >= SHORTEST_SPAN && seconds <= LONGEST_SPAN;
}

/** Seconds from the stamp to an absolute time, without losing what a double of the whole would. */
function exactDifference(value: number, unit: number, stamp: bigint): number {
  const perUnit = Math.round(unit * 1e9);
  const whole = Math.floor(value);
  const nanoseconds = BigInt(whole) * BigInt(perUnit) - stamp;
  return Number(nanoseconds) / 1e9 + (value - whole) * unit;
}

function toSeconds(values: Float64Array, first: number, unit: number, firstAt: number): Float32Array {
  const seconds = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const after = (values[i]! - first) * unit;
    // Written so that NaN fails.
    seconds[i] = Math.abs(after) <= LONGEST_SPAN ? firstAt + after : firstAt;
  }
  return seconds;
}
