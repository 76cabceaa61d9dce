/** Counts of values in bins of equal width; the last bin also holds everything above. */
export interface Histogram {
  binWidth: number;
  /** counts[i] is the number of values in [i * binWidth, (i + 1) * binWidth). */
  counts: number[];
  /** Values beyond the last bin's upper edge, counted in the last bin. */
  beyond: number;
}

/**
 * Histogram of non-negative values over [0, upper] in bins of 1, 2 or 5 times a power of ten.
 * @param upper - where the axis ends: a few outliers should not squeeze all others into one bin
 * @param mostBins - upper bound of the number of bins
 */
export function histogram(values: ArrayLike<number>, upper: number, mostBins = 48): Histogram {
  const binWidth = niceCeil(Math.max(upper, 1e-3) / mostBins);
  const counts = new Array<number>(Math.max(1, Math.ceil(upper / binWidth - 1e-6))).fill(0);
  let beyond = 0;
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor(values[i]! / binWidth);
    if (bin >= counts.length && values[i]! > counts.length * binWidth) beyond++;
    counts[Math.max(0, Math.min(bin, counts.length - 1))]!++;
  }
  return { binWidth, counts, beyond };
}

/** The smallest of 1, 2, 5 times a power of ten that is not below `value`, but for rounding. */
function niceCeil(value: number): number {
  const exponent = Math.floor(Math.log10(value));
  const candidates = [`1e${exponent}`, `2e${exponent}`, `5e${exponent}`, `1e${exponent + 1}`].map(Number);
  return candidates.find((candidate) => candidate >= value * (1 - 1e-9)) ?? value;
}
