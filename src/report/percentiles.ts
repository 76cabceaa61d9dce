/** Percentiles of a sample; NaN in all when the sample is empty. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/**
 * The p-th percentile by nearest rank: the smallest value of the sample that at least p % of it do not exceed.
 * Always a value that was measured; nothing is interpolated.
 *
 * @param sorted - the sample in ascending order
 * @param p - 0 < p <= 100
 * @returns NaN when the sample is empty
 */
export function nearestRankPercentile(sorted: ArrayLike<number>, p: number): number {
  if (!(p > 0 && p <= 100)) throw new RangeError(`Expected a number above 0 and up to 100 for p but received ${p}`);
  // Multiplying before dividing keeps the product exact: 0.95 * 20 would already round up to rank 20.
  const rank = Math.ceil((p * sorted.length) / 100);
  return sorted[rank - 1] ?? Number.NaN;
}

/** Median, 95th and 99th percentile of a sample in any order, by nearest rank. */
export function percentiles(sample: ArrayLike<number>): Percentiles {
  const sorted = Float64Array.from(sample).sort();
  return {
    p50: nearestRankPercentile(sorted, 50),
    p95: nearestRankPercentile(sorted, 95),
    p99: nearestRankPercentile(sorted, 99),
  };
}
