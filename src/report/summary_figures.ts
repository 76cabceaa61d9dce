import type { NumberColumn } from './number_column.js';
import { percentiles } from './percentiles.js';
import type { ReplaySummary } from './summary.js';

/** The percentiles a summary has of a column. */
export function percentileFigures(column: NumberColumn): ReplaySummary['latencyMs']['total'] {
  const { p50, p95, p99 } = percentiles(column.view());
  return { p50: figure(p50), p95: figure(p95), p99: figure(p99) };
}

/** JSON has no NaN and no infinity: a figure that does not exist is null. */
export function figure(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
