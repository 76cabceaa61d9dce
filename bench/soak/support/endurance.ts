import { parseArgs } from 'node:util';
import { type Growth, growthOf, hasGrown, thinned } from './growth.js';
import { MALLOCS, type Malloc, requireWatchable } from './malloc.js';
import type { ProcessFigures } from './memory.js';

/** Figures at a time of the run. */
type Sample<Figures> = Figures & { atMs: number };

/** What is in use may grow by so many MB in 10 minutes. What the process holds, likewise. */
const MOST_GROWTH_MB = 1;
/**
 * Growth that amounts to less over the run is not told from chance: of what is in use after full collections, where code is
 * still compiled for minutes and messages are under way, and of what the process holds, which goes up and down by tens of MB.
 */
const LEAST_IN_USE_MB = 2;
const LEAST_RESIDENT_MB = { 'at-each-sample': 10, 'by-itself': 40 };
/** Until caches, heaps and compiled code have their size. */
const WARM_UP_SHARE = 0.3;
/** More are counted and not printed. */
const MOST_PRINTED = 20;

/** A long run: how long it goes on, what went wrong in it, and how memory, threads and files went meanwhile. */
export class Endurance<Figures extends ProcessFigures & { heapMb?: number; outsideMb?: number }> {
  readonly #nowMs: () => number;
  readonly #startMs: number;
  readonly #lengthMs: number;
  readonly #read: () => Figures | Promise<Figures>;
  readonly #collected: keyof typeof LEAST_RESIDENT_MB;
  readonly #samples: Sample<Figures>[] = [];
  readonly #violations: string[] = [];
  #violationCount = 0;

  /**
   * @param read - the figures now
   * @param collected - when garbage is collected: a process of its own does so rarely, and holds more of it meanwhile
   * @param nowMs - a monotonic clock
   */
  constructor(
    minutes: number,
    read: () => Figures | Promise<Figures>,
    collected: keyof typeof LEAST_RESIDENT_MB = 'at-each-sample',
    nowMs = () => performance.now(),
  ) {
    this.#lengthMs = minutes * 60_000;
    this.#read = read;
    this.#collected = collected;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  get elapsedMs(): number {
    return this.#nowMs() - this.#startMs;
  }

  get isOver(): boolean {
    return this.elapsedMs >= this.#lengthMs;
  }

  async sample(): Promise<void> {
    const figures = await this.#read();
    this.#samples.push({ ...figures, atMs: this.elapsedMs });
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
    const growth = this.#judgeMemory();
    this.#judgeCounts();
    const last = this.#samples.at(-1);
    return {
      minutes: rounded(this.elapsedMs / 60_000),
      ...figures,
      growthMbPer10Minutes: growth,
      residentMb: tenths(this.#samples.flatMap(({ residentMb }) => residentMb ?? [])),
      inUseMb: tenths(this.#samples.flatMap((sample) => inUse(sample) ?? [])),
      atTheEnd: last && Object.fromEntries(Object.entries(last).map(([name, value]) => [name, rounded(value)])),
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
    return this.#samples.filter(({ atMs }) => atMs >= WARM_UP_SHARE * this.elapsedMs);
  }

  #judgeMemory(): Record<string, Growth | null> {
    const growth: Record<string, Growth | null> = {};
    const judge = (name: string, what: string, leastMb: number, read: (sample: Figures) => number | undefined) => {
      const points = this.#settled().flatMap((sample) => {
        const value = read(sample);
        return value === undefined ? [] : [{ atMs: sample.atMs, value }];
      });
      const found = growthOf(points);
      growth[name] = found === undefined ? null : roundedGrowth(found);
      if (found === undefined) return;
      const spanMs = points.at(-1)!.atMs - points[0]!.atMs;
      const amount = (found.perTenMinutes * spanMs) / 600_000;
      if (found.low <= MOST_GROWTH_MB || amount <= leastMb) return;
      const by = `${found.perTenMinutes.toFixed(1)} MB in 10 minutes (99 %: ${found.low.toFixed(1)} or more)`;
      this.violation(`${what} grew by ${by}, ${amount.toFixed(1)} MB over the run`);
    };
    judge('resident', 'what the process holds', LEAST_RESIDENT_MB[this.#collected], ({ residentMb }) => residentMb);
    judge('inUse', 'what is in use', LEAST_IN_USE_MB, inUse);
    return growth;
  }

  #judgeCounts(): void {
    for (const name of ['threads', 'descriptors', 'handles'] as const) {
      const counts = this.#settled().flatMap((sample) => (sample as Partial<Record<typeof name, number>>)[name] ?? []);
      if (hasGrown(counts)) this.violation(`${name} grew from ${counts[0]} to ${counts.at(-1)}`);
    }
  }
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
export type RunOptions<Names extends string> = Record<Names, string> & { malloc: Malloc };

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
  const values = parseArgs({ options }).values as RunOptions<Names>;
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
