import type { StampValue } from './origin.js';
import type { HeldSample } from './sample_buffer.js';

/** What a stream's samples are compared with. */
export interface Target {
  /** The reference instant. Tolerance is measured from here. */
  instant: number;
  /** The instant shifted a little towards the stream's learned phase. Closeness is measured from here. */
  preferred: number;
  tolerance: number;
}

/** Whether one sample may serve several references, or only the first that takes it. */
export type Reuse = 'shared' | 'once';

/** The sample closest to the target within its tolerance; of two equally close ones the older, which needs no wait. */
export function findNearest<T, S extends StampValue>(
  samples: readonly HeldSample<T, S>[],
  target: Target,
  reuse: Reuse,
): HeldSample<T, S> | undefined {
  let best: HeldSample<T, S> | undefined;
  for (const sample of samples) {
    if (Math.abs(sample.instant - target.instant) > target.tolerance) continue;
    if (sample.fate === 'used' && reuse === 'once') continue;
    if (best === undefined || distance(sample, target) < distance(best, target)) best = sample;
  }
  return best;
}

/**
 * Whether no later sample can be closer than `best`. Instants rise, so this holds once a sample at or past the target
 * is there. It also holds when the next one will be farther away: a LiDAR that fired 20 ms ago need not be waited for,
 * for another 180 ms.
 * @param shortestInterval - time from one sample to the next at the least, as far as can be foreseen
 */
export function isNearestSettled<T, S extends StampValue>(
  newest: HeldSample<T, S> | undefined,
  best: HeldSample<T, S> | undefined,
  target: Target,
  shortestInterval: number | undefined,
): boolean {
  if (newest === undefined) return false;
  if (newest.instant >= target.preferred || newest.instant > target.instant + target.tolerance) return true;
  if (shortestInterval === undefined) return false;
  const next = newest.instant + shortestInterval;
  if (best === undefined) return next > target.instant + target.tolerance;
  return next - target.preferred >= distance(best, target);
}

/**
 * The packets of a window that ends at the target and that no set before has taken; `undefined` where the stream does
 * not reach up to it: the last packet that starts at or before the target lies farther back than the tolerance.
 * The list may be empty: the packet that covers the target may have been taken already.
 */
export function findWindow<T, S extends StampValue>(
  samples: readonly HeldSample<T, S>[],
  target: Target,
): HeldSample<T, S>[] | undefined {
  const before = samples.filter((sample) => sample.instant <= target.instant);
  const last = before.at(-1);
  if (last === undefined || target.instant - last.instant > target.tolerance) return undefined;
  return before.filter((sample) => sample.fate !== 'used');
}

/** Whether the window is complete: a packet that starts at or after its end has come, and packets come in order. */
export function isWindowSettled<T, S extends StampValue>(
  newest: HeldSample<T, S> | undefined,
  target: Target,
): boolean {
  return newest !== undefined && newest.instant >= target.instant;
}

function distance<T, S extends StampValue>(sample: HeldSample<T, S>, target: Target): number {
  return Math.abs(sample.instant - target.preferred);
}
