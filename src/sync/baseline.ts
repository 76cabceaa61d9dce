import { MILLISECOND, SECOND } from './options.js';
import type { Reason } from './reason.js';

/** The least delay and the period of one stretch of time. */
interface Stretch {
  readonly at: number;
  delay: number;
  period: number | undefined;
}

const STRETCH = 0.25 * SECOND;
/** Stretches kept; when there are more, every other one of the older half goes, so that the first is never lost. */
const MOST_STRETCHES = 96;
/** Of two stretches no farther apart than this the less late one tells more; a minimum over more would lag behind. */
const CLOSE = 4 * STRETCH;
/** Stretches from which on there is something to compare. */
const LEAST_STRETCHES = 5;
/** A drift goes on: in each third of the time at least this part of its share. A load that comes and stays does not. */
const STEADINESS = 0.3;
/** Below this, in periods and in time, delays move by themselves. */
const NOISE_PERIODS = 0.3;
const NOISE = 20 * MILLISECOND;
/** A change at once is told from here on, and once it has lasted for these stretches, because delays go with the load. */
const MIN_MOVE = 50 * MILLISECOND;
const LASTING_STRETCHES = 8;
/** A rate is known after so many stretches, and compared with that one until there are so many. */
const EARLY_STRETCHES = 4;
const MOST_EARLY_STRETCHES = 40;
/** Rates that differ by this factor are not one rate. */
const RATE_CHANGE = 1.5;

/**
 * How late a stream was and how fast, from its start on. It is the only thing that is remembered for long, and all it can
 * do is warn: stamps that drift stay within the tolerance for minutes while they mean ever other moments.
 */
export class Baseline {
  /** Those that have ended: of messages that were held up and come in one moment, the first says nothing yet. */
  readonly stretches: Stretch[] = [];
  #present: Stretch | undefined;

  /**
   * Takes note of a sample.
   * @returns whether a stretch of time has ended, and what is to be said may have changed
   */
  observe(delay: number, period: number | undefined, now: number): 'stretch-ended' | 'within-stretch' {
    const present = this.#present;
    if (present !== undefined && now < present.at + STRETCH && now >= present.at) {
      present.delay = Math.min(present.delay, delay);
      present.period = period;
      return 'within-stretch';
    }
    this.#present = { at: now, delay, period };
    if (present === undefined) return 'stretch-ended';
    if (now < present.at) this.stretches.length = 0;
    else this.stretches.push(present);
    if (this.stretches.length > MOST_STRETCHES) {
      const half = this.stretches.splice(0, MOST_STRETCHES / 2);
      this.stretches.unshift(...half.filter((_, index) => index % 2 === 0));
    }
    return 'stretch-ended';
  }

  /** Nothing could be heard for a while: what comes late of that time is left out. */
  skip(): void {
    this.#present = undefined;
  }

  /** Counts from now on: the clock was set, so that nothing before compares with what comes. */
  restart(): void {
    this.stretches.length = 0;
    this.#present = undefined;
  }
}

/** A stream as {@link judgeBaselines} sees it. */
export interface Compared {
  readonly modality: string;
  readonly baseline: Baseline;
  readonly tolerance: number;
  readonly options: { readonly match: 'nearest' | 'window' };
}

/**
 * Whether a stream's stamps have moved against those of the others, or its rate has changed for good.
 * @param others - streams on the same time base; with one alone nobody knows which of the two moves, and it is the one
 * that does not pace that is told
 */
export function judgeBaselines(
  stream: Compared,
  others: readonly Compared[],
  reference: string | undefined,
): Reason | undefined {
  const isLong = ({ baseline }: Compared) => baseline.stretches.length >= LEAST_STRETCHES;
  const against = others.filter(isLong);
  const isToTell = against.length > 1 || (against.length === 1 && stream.modality !== reference);
  const moved = isToTell && isLong(stream) ? judgeMoves(stream, against) : undefined;
  return moved ?? (stream.options.match === 'window' ? undefined : judgeRate(stream.baseline));
}

/** What the stream's moves against most of the others amount to. */
function judgeMoves(stream: Compared, others: readonly Compared[]): Reason | undefined {
  const moves = others.map((other) => ({ other, ...moveAgainst(stream, other) }));
  moves.sort((one, two) => Math.abs(one.by) - Math.abs(two.by));
  const { other, by, from, to } = moves[(moves.length - 1) >> 1]!;
  const { tolerance } = stream;
  const least = Math.max(tolerance, NOISE, NOISE_PERIODS * (stream.baseline.stretches.at(-1)!.period ?? 0));
  if (Math.abs(by) < least) return undefined;
  // The drift may have begun at any time; the longest stretch of time through which it went on tells its rate best.
  for (const { at } of stream.baseline.stretches.slice(0, -LEAST_STRETCHES + 1)) {
    if (at < from) continue;
    const move = moveAgainst(stream, other, at);
    if (Math.abs(move.by) < least || !move.isSteady) continue;
    const since = to - at;
    return { code: 'drift', rate: move.by / since, by: move.by, since, against: other.modality, tolerance };
  }
  const recent = stream.baseline.stretches.slice(-LASTING_STRETCHES);
  const isLasting = recent.every(
    ({ at }) => Math.sign(by) * aheadAt(stream, other, at, from) >= Math.max(least, MIN_MOVE),
  );
  return isLasting ? { code: 'moved', by, against: other.modality } : undefined;
}

/** By how much a stream's stamps are ahead of where they were, as measured by another's. */
function moveAgainst(stream: Compared, other: Compared, start = -Infinity) {
  const one = stream.baseline.stretches;
  const two = other.baseline.stretches;
  const from = Math.max(one[0]!.at, two[0]!.at, start);
  const to = Math.min(one.at(-1)!.at, two.at(-1)!.at);
  const by = aheadAt(stream, other, to, from);
  const third = aheadAt(stream, other, from + (to - from) / 3, from);
  const twoThirds = aheadAt(stream, other, from + ((to - from) * 2) / 3, from);
  const least = (STEADINESS * Math.abs(by)) / 3;
  const isSteady = [third, twoThirds - third, by - twoThirds].every((move) => move * Math.sign(by) >= least);
  return { by, from, to, isSteady };
}

/** By how much they are ahead at a time of where they were at another. */
function aheadAt(stream: Compared, other: Compared, at: number, from: number): number {
  const difference = (time: number) =>
    delayAt(other.baseline.stretches, time) - delayAt(stream.baseline.stretches, time);
  return difference(at) - difference(from);
}

/** The least delay around a moment; between stretches that lie far apart, what lies between theirs. */
function delayAt(stretches: readonly Stretch[], at: number): number {
  const found = stretches.findIndex((stretch) => stretch.at >= at);
  const index = Math.max(1, found < 0 ? stretches.length - 1 : found);
  const [before, after] = [stretches[index - 1]!, stretches[index]!];
  const apart = after.at - before.at;
  if (apart <= CLOSE) return Math.min(before.delay, after.delay);
  const part = Math.min(1, Math.max(0, (at - before.at) / apart));
  return before.delay + part * (after.delay - before.delay);
}

function judgeRate({ stretches }: Baseline): Reason | undefined {
  if (stretches.length < EARLY_STRETCHES + LASTING_STRETCHES) return undefined;
  // The first stretches have too few intervals to tell a rate. A start is often uneven: what it says holds for a while only.
  const before =
    stretches.length < MOST_EARLY_STRETCHES
      ? medianPeriod(stretches.slice(EARLY_STRETCHES / 2, EARLY_STRETCHES))
      : medianPeriod(stretches.slice(LASTING_STRETCHES / 2, (3 * LASTING_STRETCHES) / 2));
  const recent = stretches.slice(-LASTING_STRETCHES);
  if (before === undefined) return undefined;
  const isOther = ({ period }: Stretch) =>
    period !== undefined && Math.max(period / before, before / period) >= RATE_CHANGE;
  if (!recent.every(isOther)) return undefined;
  return { code: 'rate-changed', before: SECOND / before, now: SECOND / recent.at(-1)!.period! };
}

function medianPeriod(stretches: readonly Stretch[]): number | undefined {
  const periods = stretches.flatMap(({ period }) => period ?? []).sort((one, other) => one - other);
  return periods[(periods.length - 1) >> 1];
}
