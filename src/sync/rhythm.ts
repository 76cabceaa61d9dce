import { FALLBACK_PERIOD, MEMORY, SECOND } from './options.js';
import { RecentValues } from './recent_values.js';

/** Intervals kept: at 10 Hz a lasting change of rate is followed within 0.8 s. */
const INTERVALS = 15;
/** Intervals kept of a slow stream, however long ago: with the sample to come they make four periods. */
const LEAST_INTERVALS = 3;
/** From here on a single interval is not believed to be the period. */
const LONG_INTERVAL = SECOND;
/** Part of the period by which an interval may be short, however regular the stream has been so far. */
const MIN_SCATTER = 0.05;
/** Phases are kept for a shorter time than anything else, because the reference has to be found first. */
const PHASE_MEMORY = SECOND;
/** A phase is believed once seen this often, by a slow stream half as often ... */
const PHASE_SAMPLES = 8;
/** ... and scattered less than this part of the period: two streams of one rate, each with 20 % jitter, stay under it. */
const PHASE_SPREAD = 0.15;
/** A sample may be preferred to one that is nearer by twice this part of the period. */
const BIAS_LIMIT = 0.125;
/** Rates that differ by less than this part are one rate; between others there is no constant phase. */
const SAME_RATE = 0.1;

/** The rhythm of one stream, as its last samples show it: robust against jitter and lost ones. */
export class Rhythm {
  #givenPeriod: number | undefined;
  readonly #stampIntervals = new RecentValues(INTERVALS, LEAST_INTERVALS, MEMORY);
  readonly #receiveIntervals = new RecentValues(INTERVALS, LEAST_INTERVALS, MEMORY);
  readonly #phases = new RecentValues(INTERVALS, PHASE_SAMPLES / 2, PHASE_MEMORY);

  /** Of the phases, for a period. */
  #figures: { period: number; median: number; spread: number } | undefined;

  constructor(givenPeriod: number | undefined) {
    this.#givenPeriod = givenPeriod;
  }

  /** Puts another given period in force, or with `undefined` the learned one. */
  retune(givenPeriod: number | undefined): void {
    this.#givenPeriod = givenPeriod;
  }

  /** Takes note of a sample: time since the one before by its own clock, and by the clock of arrival. */
  observeInterval(stampInterval: number, receiveInterval: number, now: number): void {
    this.#stampIntervals.push(stampInterval, now);
    this.#receiveIntervals.push(receiveInterval, now);
  }

  /** Takes all as if the time up to `now` had been this many times as long. */
  stretch(factor: number, now: number): void {
    this.#receiveIntervals.stretch(factor, now, (interval) => interval * factor);
    this.#stampIntervals.stretch(factor, now);
    this.#phases.stretch(factor, now);
  }

  /** Takes all as if it had been later by so much. */
  skip(by: number): void {
    for (const values of [this.#stampIntervals, this.#receiveIntervals, this.#phases]) values.skip(by);
  }

  /** Takes note of where a sample lies relative to an instant of a reference stream; which instant does not matter. */
  observePhase(distance: number, reference: string, now: number): void {
    this.#phases.push(distance, now, reference);
    this.#figures = undefined;
  }

  /** Time between samples, given or learned; `undefined` before the second sample. */
  get period(): number | undefined {
    if (this.#givenPeriod !== undefined) return this.#givenPeriod;
    // One long interval may be a silence as well as a rhythm; a second one tells.
    const isSilence = this.#receiveIntervals.count === 1 && this.#receiveIntervals.median! >= LONG_INTERVAL;
    return isSilence ? undefined : this.#stampIntervals.median;
  }

  /**
   * Time to the next sample at the least, foreseen from the scatter of the intervals (twice their median
   * deviation holds 95 % of them under even jitter); `undefined` before the second sample.
   */
  get shortestInterval(): number | undefined {
    const { period } = this;
    if (period === undefined) return undefined;
    return Math.max(0, (1 - MIN_SCATTER) * period - 2 * this.#stampIntervals.spread);
  }

  /** The period, or an assumption that suits most sensors while there is none. */
  get assumedPeriod(): number {
    return this.period ?? FALLBACK_PERIOD;
  }

  /**
   * Constant distance of this stream's samples from the reference's instants, in (-period/2, period/2]; 0 while there is
   * none (other rate, too much scatter, too few samples).
   * @param referencePeriod - time between the samples of the reference stream
   */
  phase(referencePeriod: number): number {
    const { period } = this;
    if (period === undefined) return 0;
    if (this.#phases.count < Math.min(PHASE_SAMPLES, Math.max(PHASE_SAMPLES / 2, PHASE_MEMORY / period))) return 0;
    if (Math.abs(referencePeriod - period) > SAME_RATE * period) return 0;
    if (this.#figures?.period !== period) {
      const inPeriod = (distance: number) => ((distance % period) + period) % period;
      this.#figures = { period, ...this.#phases.figuresOf(inPeriod) };
    }
    const { median: phase, spread } = this.#figures;
    if (spread > PHASE_SPREAD * period) return 0;
    return phase <= period / 2 ? phase : phase - period;
  }

  /**
   * What the phase adds to an instant before the nearest sample is looked for. It settles which of two samples belongs to
   * an instant about half-way between them, where jitter would otherwise decide anew each time; being short, it lets the
   * other one have it where the phase drifts on.
   */
  bias(referencePeriod: number): number {
    const limit = BIAS_LIMIT * this.assumedPeriod;
    return Math.min(Math.max(this.phase(referencePeriod), -limit), limit);
  }

  /** Messages a second by their stamps and by their arrival; `undefined` before the second. */
  get rates(): { stamped: number | undefined; received: number | undefined } {
    return { stamped: rate(this.#stampIntervals.median), received: rate(this.#receiveIntervals.median) };
  }
}

function rate(interval: number | undefined): number | undefined {
  return interval === undefined || interval <= 0 ? undefined : 1e9 / interval;
}
