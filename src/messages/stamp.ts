import type { Time } from './types.js';

/**
 * Nanoseconds since the epoch of some clock. A double cannot hold absolute nanoseconds (2^53 ns is 104 days),
 * hence a bigint at every edge of the system.
 */
export type Stamp = bigint;

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** Converts a ROS `builtin_interfaces/Time` to nanoseconds. */
export function stampFromTime(time: Time): Stamp {
  return BigInt(time.sec) * NANOSECONDS_PER_SECOND + BigInt(time.nanosec);
}

/** Converts nanoseconds to a ROS `builtin_interfaces/Time`; the fraction is never negative, as ROS requires. */
export function timeFromStamp(stamp: Stamp): Time {
  const nanosec = ((stamp % NANOSECONDS_PER_SECOND) + NANOSECONDS_PER_SECOND) % NANOSECONDS_PER_SECOND;
  return { sec: Number((stamp - nanosec) / NANOSECONDS_PER_SECOND), nanosec: Number(nanosec) };
}

/** Milliseconds from `from` to `to`, as a double; exact for spans up to 104 days. */
export function millisecondsBetween(from: Stamp, to: Stamp): number {
  return Number(to - from) / 1e6;
}
