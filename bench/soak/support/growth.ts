/** A value at a time of a run. */
export interface Point {
  atMs: number;
  value: number;
}

/** Slope of values over time, in units per 10 minutes, and the interval it lies in with 99 % confidence. */
export interface Growth {
  perTenMinutes: number;
  low: number;
  high: number;
}

const TEN_MINUTES_MS = 600_000;
const FEWEST_POINTS = 8;
/** Pairs grow with the square of the points. */
const MOST_POINTS = 1000;
/** Of the normal distribution, for 99 % between both sides. */
const QUANTILE = 2.576;

/**
 * The median of the slopes between all pairs of points, which a fourth of the points cannot move by lying far off, and
 * its confidence interval from the distribution of Kendall's tau: P. K. Sen, "Estimates of the regression coefficient
 * based on Kendall's tau", Journal of the American Statistical Association 63 (1968).
 * @param points - at different times
 * @returns undefined of fewer than eight points, which say nothing
 */
export function growthOf(points: readonly Point[]): Growth | undefined {
  const chosen = thinned(points, MOST_POINTS);
  const n = chosen.length;
  if (n < FEWEST_POINTS) return undefined;
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      slopes[at++] = (chosen[j]!.value - chosen[i]!.value) / (chosen[j]!.atMs - chosen[i]!.atMs);
    }
  }
  slopes.sort();
  const half = (QUANTILE / 2) * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const slope = (index: number) =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(index)))]! * TEN_MINUTES_MS;
  const middle = (slopes.length - 1) / 2;
  return {
    perTenMinutes: (slope(Math.floor(middle)) + slope(Math.ceil(middle))) / 2,
    low: slope(middle - half),
    high: slope(middle + half),
  };
}

/** What a growth says of a limit: it is surely below it, it surely grows and may reach it, or the run cannot tell. */
export type Verdict = 'flat' | 'grows' | 'untold';

/** @param most - the limit, in units per 10 minutes */
export function verdictOf({ low, high }: Growth, most: number): Verdict {
  if (high < most) return 'flat';
  return low > 0 ? 'grows' : 'untold';
}

/** Fewer say less; of more of them neighbours depend on each other. */
const WINDOWS = 24;

/**
 * The median point of each of {@link WINDOWS} stretches of equal time. What goes up and down takes minutes to do so: neighbouring
 * samples are alike, and a confidence interval must not take each for evidence of its own.
 */
export function mediansOf(points: readonly Point[]): Point[] {
  const first = points[0]?.atMs ?? 0;
  const lengthMs = (points.at(-1)?.atMs ?? 0) - first;
  const windows = new Map<number, Point[]>();
  for (const point of points) {
    const window = Math.min(WINDOWS - 1, Math.floor((WINDOWS * (point.atMs - first)) / lengthMs));
    windows.set(window, [...(windows.get(window) ?? []), point]);
  }
  return [...windows.values()].map((window) => {
    const sorted = [...window].sort((one, other) => one.value - other.value);
    return sorted[(sorted.length - 1) >> 1]!;
  });
}

/** Steps by which a count grows without a leak: a pool of threads gets another one when it is needed. */
const POOL_STEPS = 1;

/**
 * Whether a count that should stay as it is has grown: its least in the last third is above its most in the first, by more
 * than a single step.
 */
export function hasGrown(counts: readonly number[]): boolean {
  if (counts.length < FEWEST_POINTS) return false;
  const third = Math.floor(counts.length / 3);
  return Math.min(...counts.slice(-third)) > Math.max(...counts.slice(0, third)) + POOL_STEPS;
}

/** So many of the items at most, evenly from the first to the last. */
export function thinned<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}
