import { percentiles } from '../report/index.js';

/** Milliseconds; null where nothing was measured. */
export interface Spread {
  p50: number | null;
  p95: number | null;
  max: number | null;
}

export function spread(sample: readonly number[]): Spread {
  if (sample.length === 0) return { p50: null, p95: null, max: null };
  const { p50, p95 } = percentiles(sample);
  return { p50, p95, max: sample.reduce((most, value) => Math.max(most, value)) };
}
