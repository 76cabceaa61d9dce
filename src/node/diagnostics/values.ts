import type { Stamp } from '../../messages/index.js';
import type { KeyValue } from '../../pipeline/index.js';
import type { LatencyFigures } from './latency_meter.js';
import type { TopicFigures } from './topic_meter.js';

/** What greenwave_monitor shows where there is nothing to show. */
const UNKNOWN = 'N/A';
/** A delay beyond this is no delay but a clock that is not ROS time: one day. */
const NO_DELAY_MS = 24 * 3600 * 1000;

/** Values of a status, in the order given; an undefined one is left out. */
export function keyValues(values: Readonly<Record<string, string | number | bigint | undefined>>): KeyValue[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: `${value}` }]));
}

/**
 * How a topic's messages come, by the keys of Isaac ROS NITROS and greenwave_monitor, whose dashboards read them:
 * rates in Hz, jitter in microseconds.
 */
export function trafficValues(figures: TopicFigures): KeyValue[] {
  const { rateHz, stampRateHz, delayMs, jitter, stampJitter, nonIncreasing } = figures;
  return keyValues({
    frame_rate_node: decimals(rateHz ?? 0),
    frame_rate_msg: decimals(stampRateHz ?? 0),
    current_delay_from_realtime_ms: isDelay(delayMs) ? decimals(delayMs) : UNKNOWN,
    num_non_increasing_msg: nonIncreasing,
    mean_abs_jitter_node: microseconds(jitter?.meanMs),
    max_abs_jitter_node: microseconds(jitter?.maxMs),
    mean_abs_jitter_msg: microseconds(stampJitter?.meanMs),
    max_abs_jitter_msg: microseconds(stampJitter?.maxMs),
  });
}

/** A latency as `<name>_mean_ms`, `<name>_p50_ms` and so on; nothing before the first. */
export function latencyValues(name: string, figures: LatencyFigures | undefined): KeyValue[] {
  if (figures === undefined) return [];
  const { meanMs, p50Ms, p95Ms, p99Ms, maxMs } = figures;
  return keyValues({
    [`${name}_mean_ms`]: decimals(meanMs),
    [`${name}_p50_ms`]: decimals(p50Ms),
    [`${name}_p95_ms`]: decimals(p95Ms),
    [`${name}_p99_ms`]: decimals(p99Ms),
    [`${name}_max_ms`]: decimals(maxMs),
  });
}

/** Seconds with nine decimals, as Autoware writes its timestamps. */
export function timestamp(stamp: Stamp): string {
  const digits = `${stamp < 0n ? -stamp : stamp}`.padStart(10, '0');
  return `${stamp < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

export function decimals(value: number): string {
  return value.toFixed(3);
}

function microseconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${Math.round(ms * 1000)}`;
}

function isDelay(delayMs: number | undefined): delayMs is number {
  return delayMs !== undefined && Math.abs(delayMs) < NO_DELAY_MS;
}
