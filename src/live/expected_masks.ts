import { HealthLog, type JudgedMask, type MaskMoment } from '../dropout/index.js';
import type { Stamp } from '../messages/index.js';
import type { Observations, Passed } from './observations.js';

/** What a node should do, learned from what it did while nothing failed, and from what its sensors sent. */
export interface Expected {
  /** A moment each time the sensor that paces the masks has sent something. */
  masks: MaskMoment[];
  /** When each modality's messages came, whatever became of them. */
  received: ReadonlyMap<string, readonly Stamp[]>;
  /** Modalities that masks are made from while nothing fails. */
  usual: string[];
}

/** A sensor that has been silent for longer does not count as there, fault or no fault. */
const SILENCE_NS = 300_000_000n;

/**
 * Stands in for the clean run that a live graph does not have.
 * @param before - masks from before the first fault
 * @param span - when reference frames count
 */
export function expectMasks(
  seen: Observations,
  before: readonly JudgedMask[],
  span: { from: Stamp; to: Stamp },
): Expected {
  const arrivals = new Map([...seen.upstream].map(([name, passed]) => [name, passed.map(({ at }) => at)]));
  const usual = usualModalities(before);
  const reference = pacemaker(before, usual, seen.upstream);
  const frames = seen.upstream.get(reference ?? '') ?? [];
  const latency = usualLatency(before, frames);
  const isThere = (modality: string, at: Stamp) => {
    const last = lastUntil(arrivals.get(modality) ?? [], at + latency);
    return last !== undefined && at - last <= SILENCE_NS;
  };
  return {
    masks: frames
      .filter(({ at }) => at >= span.from && at < span.to)
      .map(({ stamp, at }) => ({
        stamp,
        publishedAt: at + latency,
        present: usual.filter((modality) => isThere(modality, at)),
      })),
    received: arrivals,
    usual,
  };
}

/** What a node should say without a fault: a sensor that falls silent by itself is dropped as well. */
export function expectHealth(received: Expected['received']): HealthLog {
  const health = new HealthLog();
  for (const [about, arrivals] of received) {
    arrivals.forEach((at, i) => {
      const before = arrivals[i - 1];
      if (before !== undefined && at - before <= SILENCE_NS) return;
      if (before !== undefined) {
        health.add({ about, at: before + SILENCE_NS, level: 'error', reason: 'silent by itself' });
      }
      health.add({ about, at, level: 'ok', reason: '' });
    });
  }
  return health;
}

/** Those that most masks were made from. */
function usualModalities(masks: readonly JudgedMask[]): string[] {
  const counts = new Map<string, number>();
  for (const { present } of masks)
    for (const modality of present) counts.set(modality, (counts.get(modality) ?? 0) + 1);
  return [...counts].flatMap(([modality, count]) => (2 * count > masks.length ? [modality] : []));
}

/** The modality whose stamps the masks have; the first in the model's order where several have the same. */
function pacemaker(
  masks: readonly JudgedMask[],
  usual: readonly string[],
  upstream: ReadonlyMap<string, readonly Passed[]>,
): string | undefined {
  let best: { modality: string; count: number } | undefined;
  for (const modality of usual) {
    const stamps = new Set(upstream.get(modality)?.map(({ stamp }) => stamp));
    const count = masks.filter(({ stamp }) => stamps.has(stamp)).length;
    if (count > (best?.count ?? 0)) best = { modality, count };
  }
  return best?.modality;
}

/** Median time from a frame to its mask. */
function usualLatency(masks: readonly JudgedMask[], frames: readonly Passed[]): Stamp {
  const arrivals = new Map(frames.map(({ stamp, at }) => [stamp, at]));
  const latencies = masks.flatMap(({ stamp, publishedAt }) => {
    const at = arrivals.get(stamp);
    return at === undefined ? [] : [publishedAt - at];
  });
  latencies.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return latencies[latencies.length >> 1] ?? 0n;
}

/** The last of rising times that is not after `at`. */
function lastUntil(times: readonly Stamp[], at: Stamp): Stamp | undefined {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return times[low - 1];
}
