import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Collected } from './collector.js';
import { type Growth, growthOf, hasGrown, mediansOf, thinned, type Verdict, verdictOf } from './growth.js';
import { MALLOCS, type Malloc, requireWatchable } from './malloc.js';
import type { ProcessFigures } from './memory.js';

/** Figures at a time of the run. */
type Sample<Figures> = Figures & { atMs: number };

/** What is judged, each by itself: what comes and goes of the one would hide how the other creeps. */
type Memory = 'heap' | 'outside' | 'native' | 'resident';

const NAMES: Readonly<Record<Exclude<Memory, 'native'>, string>> = {
  heap: 'what is in use of the heap',
  outside: 'what objects of the heap hold outside of it',
  resident: 'what the process holds',
};
/**
 * Pages of files do not count for the process: the machine takes and gives them as it likes. Nor do those of V8's heap for
 * native code: V8 keeps more or fewer of them from one minute to the next, and what is in use of them is judged by itself.
 */
const VALUES: Readonly<Record<Memory, (sample: Watched) => number | undefined>> = {
  heap: ({ heapMb }) => heapMb,
  outside: ({ outsideMb }) => outsideMb,
  native: (sample) => (sample.heapHeldMb === undefined ? undefined : heldMb(sample)! - sample.heapHeldMb),
  resident: heldMb,
};
/** Memory may grow by so many MB in 10 minutes. */
const MOST_GROWTH_MB = 1;
/**
 * Growth that amounts to less over the run is not told from a single step: of the heap, where a part of the program is
 * compiled late or thrown away; of what the process holds, where a heap gets another page or an arena another block.
 */
const LEAST_MB: Readonly<Record<'long' | 'short', Readonly<Record<Exclude<Memory, 'native'>, number>>>> = {
  long: { heap: 0.4, outside: 0.4, resident: 2 },
  short: { heap: 2, outside: 2, resident: 10 },
};
/** In a run that is judged over less than this, all of it may still be warming up. */
const LONG_MS = 4 * 60_000;
/** Until caches, pools, heaps and compiled code have their size: the first half, of a long run so many minutes. */
const WARM_UP = { share: 0.5, mostMs: 10 * 60_000 };
/** More are counted and not printed. */
const MOST_PRINTED = 20;

export interface EnduranceOptions<Figures> {
  /** After so many the run is over. */
  minutes: number;
  /** Reads the figures now. */
  read: () => Figures | Promise<Figures>;
  /** A file that gets each sample as a line of JSON. */
  series?: string | undefined;
  /** A monotonic clock. */
  nowMs?: () => number;
}

type Watched = ProcessFigures & Partial<Pick<Collected, 'heapMb' | 'outsideMb' | 'heapHeldMb'>>;

/** A long run: how long it goes on, what went wrong in it, and how memory, threads and files went meanwhile. */
export class Endurance<Figures extends Watched> {
  readonly #nowMs: () => number;
  readonly #startMs: number;
  readonly #lengthMs: number;
  readonly #read: () => Figures | Promise<Figures>;
  readonly #series: string | undefined;
  readonly #samples: Sample<Figures>[] = [];
  readonly #violations: string[] = [];
  #violationCount = 0;

  constructor({ minutes, read, series, nowMs = () => performance.now() }: EnduranceOptions<Figures>) {
    this.#lengthMs = minutes * 60_000;
    this.#read = read;
    this.#series = series;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    if (series !== undefined) writeFileSync(series, '');
  }

  get elapsedMs(): number {
    return this.#nowMs() - this.#startMs;
  }

  get isOver(): boolean {
    return this.elapsedMs >= this.#lengthMs;
  }

  async sample(): Promise<void> {
    const figures = await this.#read();
    const sample = { atMs: this.elapsedMs, ...figures };
    this.#samples.push(sample);
    if (this.#series !== undefined) appendFileSync(this.#series, `${JSON.stringify(sample)}\n`);
  }

  /** Takes the run as failed, and goes on. */
  violation(text: string): void {
    this.#violationCount++;
    if (this.#violations.length < MOST_PRINTED) this.#violations.push(text);
  }

  /**
   * Judges memory, threads, files and handles, and tells all that the run has to tell.
   * @param figures - what the run counted
   */
  report(figures: Readonly<Record<string, unknown>>) {
    const growth = {
      resident: this.#judgeMemory('resident'),
      native: this.#judgeMemory('native'),
      heap: this.#judgeMemory('heap'),
      outside: this.#judgeMemory('outside'),
    };
    this.#judgeCounts();
    const { counts, ...memory } = this.#samples.at(-1) ?? { counts: {} };
    return {
      minutes: rounded(this.elapsedMs / 60_000),
      ...figures,
      growthMbPer10Minutes: growth,
      residentMb: tenths(this.#samples.flatMap(({ residentMb }) => residentMb ?? [])),
      inUseMb: tenths(this.#samples.flatMap((sample) => inUse(sample) ?? [])),
      atTheEnd: {
        ...Object.fromEntries(Object.entries(memory).map(([name, value]) => [name, rounded(value)])),
        counts,
      },
      violationCount: this.#violationCount,
      violations: this.#violations,
    };
  }

  /**
   * Prints the {@link report} in one line of JSON.
   * @returns the exit status: 1 where something went wrong
   */
  finish(figures: Readonly<Record<string, unknown>>): 0 | 1 {
    const report = this.report(figures);
    console.log(JSON.stringify(report));
    return report.violationCount === 0 ? 0 : 1;
  }

  #settled(): readonly Sample<Figures>[] {
    const warmUpMs = Math.min(WARM_UP.share * this.elapsedMs, WARM_UP.mostMs);
    return this.#samples.filter(({ atMs }) => atMs >= warmUpMs);
  }

  #judgeMemory(memory: Memory): (Growth & { verdict: Verdict }) | null {
    const points = this.#settled().flatMap((sample) => {
      const value = VALUES[memory](sample);
      return value === undefined ? [] : [{ atMs: sample.atMs, value }];
    });
    const growth = growthOf(mediansOf(points));
    if (growth === undefined) return null;
    const verdict = verdictOf(growth, MOST_GROWTH_MB);
    const { perTenMinutes, low } = growth;
    const spanMs = points.at(-1)!.atMs - points[0]!.atMs;
    const amount = (perTenMinutes * spanMs) / 600_000;
    // V8 counts pages that it has not written to: where it takes some of them, native code seems to hold less, and more later.
    if (memory !== 'native' && verdict === 'grows' && amount > LEAST_MB[spanMs < LONG_MS ? 'short' : 'long'][memory]) {
      const by = `${perTenMinutes.toFixed(1)} MB in 10 minutes (99 %: ${low.toFixed(1)} or more)`;
      this.violation(`${NAMES[memory]} grew by ${by}, ${amount.toFixed(1)} MB over the run`);
    }
    return { ...roundedGrowth(growth), verdict };
  }

  #judgeCounts(): void {
    const settled = this.#settled();
    for (const kind of new Set(settled.flatMap(({ counts }) => Object.keys(counts)))) {
      const counts = settled.map((sample) => sample.counts[kind] ?? 0);
      if (hasGrown(counts)) this.violation(`the count of ${kind} grew from ${counts[0]} to ${counts.at(-1)}`);
    }
  }
}

function heldMb({ residentMb, anonymousMb, sharedMb = 0, swappedMb = 0 }: ProcessFigures): number | undefined {
  return anonymousMb === undefined ? residentMb : anonymousMb + sharedMb + swappedMb;
}

/** Array buffers are among what is outside the heap. */
function inUse({ heapMb, outsideMb = 0 }: { heapMb?: number; outsideMb?: number }): number | undefined {
  return heapMb === undefined ? undefined : heapMb + outsideMb;
}

function tenths(values: readonly number[]): number[] {
  return thinned(values, 11).map(rounded);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

function roundedGrowth({ perTenMinutes, low, high }: Growth): Growth {
  return { perTenMinutes: rounded(perTenMinutes), low: rounded(low), high: rounded(high) };
}

/** Options of a run as `--name value`. */
export type RunOptions<Names extends string> = Record<Names, string> & { malloc: Malloc; series?: string };

/**
 * Reads the options of a run, and starts it anew where the memory of this process is watched and could not be.
 * @param defaults - each option with what holds without it; all take a value
 */
export function optionsOf<Names extends string>(
  defaults: Readonly<Record<Names, string>>,
  watched: 'this-process' | 'another',
): RunOptions<Names> {
  const all: Record<string, string> = { malloc: 'giving-back', ...defaults };
  const options = Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, { type: 'string' as const, default: value }]),
  );
  const values = parseArgs({ options: { ...options, series: { type: 'string' } } }).values as RunOptions<Names>;
  const { malloc } = values;
  if (!MALLOCS.includes(malloc)) {
    throw new Error(`Expected ${MALLOCS.join(' or ')} for --malloc but received ${malloc}.`);
  }
  if (watched === 'this-process') requireWatchable(malloc);
  return values;
}

/** @throws Error for what is no positive number */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`Expected a positive number for --${name} but received ${text}.`);
  return value;
}
