import { correlation, type EdgeMap } from './edge_map.js';

/** Largest displacement that is tried, in cells of a map. */
const MOST_RIGHT = 10;
const MOST_DOWN = 8;
/** Smaller ones are within what parallax, latency and a coarse map make. */
const LEAST_SHIFT = 2;
/** Content older than this, in steps, is told from content that is merely late. */
const LEAST_AGE = 2;
/** Evaluations after which an average is believed, and which it remembers. */
const LEAST_COUNT = 4;
const MEMORY = 5;
/** Outlines fit where they correlate by so much, and fit elsewhere better where they do by so much more. */
const LEAST_SCORE = 0.045;
const LEAST_GAIN = 0.03;

/** How two sensors' outlines fit best. */
export type PairVerdict =
  | { kind: 'agree' | 'unknown' }
  /** The second lies so many cells right of and below the first. */
  | { kind: 'shifted'; right: number; down: number }
  /** One shows what the other showed so many steps ago. */
  | { kind: 'old'; which: 'first' | 'second'; age: number };

/**
 * Follows how well the outlines that two sensors see lie on each other: as they are, displaced, and against what the
 * other saw before. Of two sensors that see one scene the first fits best. Where another fits clearly better for a
 * while, one of them has been turned, or shows the past. Averages forget within seconds.
 */
export class PairAgreement {
  readonly #right = new Averages(2 * MOST_RIGHT + 1);
  readonly #down = new Averages(2 * MOST_DOWN + 1);
  readonly #firstOld: Averages;
  readonly #secondOld: Averages;

  /** @param mostAge - steps of the past that are compared */
  constructor(mostAge: number) {
    this.#firstOld = new Averages(mostAge + 1);
    this.#secondOld = new Averages(mostAge + 1);
  }

  /**
   * Takes in what both see now, and compares it displaced or with the past: both at once would cost twice as much.
   * @param past - maps of some steps ago, the newest first, from one step ago on; undefined where there was none
   */
  see(
    first: EdgeMap,
    second: EdgeMap,
    past: { first: readonly (EdgeMap | undefined)[]; second: readonly (EdgeMap | undefined)[] } | 'displaced',
  ): void {
    if (past === 'displaced') {
      this.#right.add((i) => correlation(first, second, MOST_RIGHT - i));
      this.#down.add((i) => correlation(first, second, 0, MOST_DOWN - i));
      return;
    }
    const now = correlation(first, second);
    const against = (maps: readonly (EdgeMap | undefined)[], score: (map: EdgeMap) => number) => (age: number) => {
      if (age === 0) return now;
      const map = maps[age - 1];
      return map && score(map);
    };
    // What is old fits what the other saw then.
    this.#firstOld.add(against(past.second, (map) => correlation(first, map)));
    this.#secondOld.add(against(past.first, (map) => correlation(map, second)));
  }

  get verdict(): PairVerdict {
    const now = meanOf(this.#right.at(MOST_RIGHT), this.#secondOld.at(0));
    if (now === undefined) return { kind: 'unknown' };
    const candidates = [
      ...this.#right.all().map(({ index, score }) => ({
        score,
        size: Math.abs(index - MOST_RIGHT),
        verdict: shifted(MOST_RIGHT - index, 0),
      })),
      ...this.#down.all().map(({ index, score }) => ({
        score,
        size: Math.abs(index - MOST_DOWN),
        verdict: shifted(0, MOST_DOWN - index),
      })),
      ...this.#firstOld.all().map(({ index, score }) => ({ score, size: index, verdict: old('first', index) })),
      ...this.#secondOld.all().map(({ index, score }) => ({ score, size: index, verdict: old('second', index) })),
    ];
    const best = candidates.reduce((a, b) => (b.score > a.score ? b : a));
    if (best.score < LEAST_SCORE) return { kind: 'unknown' };
    const least = best.verdict.kind === 'old' ? LEAST_AGE : LEAST_SHIFT;
    if (best.size < least) return { kind: 'agree' };
    return best.score - now >= LEAST_GAIN ? best.verdict : { kind: 'unknown' };
  }
}

function meanOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : (a + b) / 2;
}

function shifted(right: number, down: number): PairVerdict {
  // The second has to be moved back by what it is off.
  return { kind: 'shifted', right: -right + 0, down: -down + 0 };
}

function old(which: 'first' | 'second', age: number): PairVerdict {
  return { kind: 'old', which, age };
}

/** Running means of a row of figures, each of which may be missing at times. */
class Averages {
  readonly #means: Float64Array;
  readonly #counts: Uint16Array;

  constructor(length: number) {
    this.#means = new Float64Array(length);
    this.#counts = new Uint16Array(length);
  }

  add(score: (index: number) => number | undefined): void {
    for (let i = 0; i < this.#means.length; i++) {
      const value = score(i);
      if (value === undefined) continue;
      const count = Math.min(MEMORY, this.#counts[i]! + 1);
      this.#counts[i] = count;
      this.#means[i]! += (value - this.#means[i]!) / count;
    }
  }

  at(index: number): number | undefined {
    return this.#counts[index]! < LEAST_COUNT ? undefined : this.#means[index]!;
  }

  all(): { index: number; score: number }[] {
    return [...this.#means].flatMap((score, index) => (this.#counts[index]! < LEAST_COUNT ? [] : [{ index, score }]));
  }
}
