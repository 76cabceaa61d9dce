import { FALLBACK_PERIOD } from './options.js';
import type { StampValue } from './origin.js';
import type { HeldSample } from './sample_buffer.js';
import type { Stream } from './stream.js';

/**
 * What a sample of the reference stream asks for. `same-instant`: the last collector is about its very instant.
 * `start-over`: a set of its own, but its stamp lies before the last one's, because its stream has another offset.
 */
export type Plan = 'open' | 'same-instant' | 'start-over' | 'pass';

/** The last set that was opened. */
interface Opened<T, S extends StampValue> {
  readonly stamp: S;
  instant: number;
  readonly stream: Stream<T, S>;
  readonly period: number;
  /** Latency of the time base it was opened on. */
  latency: number | undefined;
}

/** How long a late reference is kept where the next one would set stamps back, in its periods. */
const PATIENCE_PERIODS = 2.5;
/** Steps of the pace of window streams, for one octave. */
const PACE_STEPS = 4;

/** Follows which stream paces the sets, and which of its samples do. */
export class ReferenceTrack<T, S extends StampValue> {
  readonly #byPriority: readonly Stream<T, S>[];
  #present: Stream<T, S> | undefined;
  #last: Opened<T, S> | undefined;

  constructor(byPriority: readonly Stream<T, S>[]) {
    this.#byPriority = byPriority;
  }

  /** The stream that paces the sets, `undefined` while none can. */
  get present(): Stream<T, S> | undefined {
    return this.#present;
  }

  /** The first by priority that is such, whether it can pace or not. */
  firstOf(isSuch: (stream: Stream<T, S>) => boolean): Stream<T, S> | undefined {
    return this.#byPriority.find(isSuch);
  }

  /**
   * Whether the last set was opened on another time base, or lies ahead of all that this one can bring.
   * @param latency - of the base, whose streams differ from it by `width` at most
   */
  isOffBase(latency: number, width: number, now: number): boolean {
    if (this.#last?.latency === undefined) return false;
    return Math.abs(latency - this.#last.latency) > width || this.#last.instant > now - latency + width;
  }

  /** Time between its samples. */
  get period(): number {
    return this.#present === undefined ? FALLBACK_PERIOD : this.#periodOf(this.#present);
  }

  /** The last set opened, `undefined` at the start of a time line. */
  get last(): Readonly<Opened<T, S>> | undefined {
    return this.#last;
  }

  /**
   * The first active stream by priority becomes the reference, one whose samples are late or that the others cannot keep
   * up with only where there is no other. Where none is active, the present one stays as long as it is merely late, so that a pause of the whole machine
   * does not make the reference wander; so it does where stamps would go back, because the next one has another offset.
   */
  choose(now: number, isOnTime: (stream: Stream<T, S>) => boolean): void {
    const active = this.#byPriority.filter(({ verdict }) => verdict.state === 'active');
    const fit = active.filter(({ verdict }) => verdict.warning?.code !== 'too-early');
    const best = fit.find(isOnTime) ?? fit[0] ?? active[0];
    const kept = this.#present?.verdict.isUsable ? this.#present : undefined;
    const isLate = kept?.verdict.state === 'late' && now < (kept.newest?.received ?? now) + this.#patience(kept);
    if (best !== undefined && best !== kept && isLate && this.#goesBack(best)) return;
    this.#present = best ?? kept ?? this.#byPriority.find(({ verdict }) => verdict.isUsable);
  }

  /**
   * Every sample of one reference opens a collector, window streams at the usual {@link #pace}. After a change of reference
   * only a sample half a period past the last collector does; one closer to it is about the same instant.
   */
  planFor(reference: Stream<T, S>, sample: HeldSample<T, S>): Plan {
    const last = this.#last;
    if (last === undefined) return 'open';
    const ahead = sample.instant - last.instant;
    const rises = sample.stamp > last.stamp;
    const open = rises ? 'open' : 'start-over';
    const isPaced = reference.options.match === 'window';
    if (isPaced && ahead > 0 && this.#beat(sample.instant) === this.#beat(last.instant)) return 'pass';
    if (last.stream === reference) return ahead > (isPaced ? this.#pace / 2 : 0) ? open : 'pass';
    const gap = Math.min(last.period, this.#periodOf(reference)) / 2;
    if (ahead >= gap) return open;
    return Math.abs(ahead) < gap && this.#isBefore(reference, last.stream) ? 'same-instant' : 'pass';
  }

  /** A collector has been opened, or taken over, by this sample. */
  noteOpened(stream: Stream<T, S>, { stamp, instant }: HeldSample<T, S>, latency: number | undefined): void {
    this.#last = { stamp, instant, stream, period: this.#periodOf(stream), latency };
  }

  /** The clock stamps are measured against runs at another pace: the last set's base does not compare with what comes. */
  forgetLatency(): void {
    if (this.#last !== undefined) this.#last.latency = undefined;
  }

  /** Stamps start anew. */
  startTimeline(): void {
    this.#last = undefined;
  }

  #isBefore(one: Stream<T, S>, other: Stream<T, S>): boolean {
    return this.#byPriority.indexOf(one) < this.#byPriority.indexOf(other);
  }

  #patience({ evidence }: Stream<T, S>): number {
    return PATIENCE_PERIODS * (evidence.rhythm.period ?? 0);
  }

  #goesBack({ newest, options }: Stream<T, S>): boolean {
    if (this.#last === undefined || newest === undefined) return false;
    return options.offset !== this.#last.stream.options.offset && newest.stamp <= this.#last.stamp;
  }

  #periodOf(stream: Stream<T, S>): number {
    return stream.options.match === 'window' ? this.#pace : stream.evidence.rhythm.assumedPeriod;
  }

  /**
   * Packets come up to a thousand times a second, so a window stream paces as the first stream of the priority that has
   * samples would: in steps, that a beat stays a beat although periods are only nearly known.
   */
  get #pace(): number {
    const own = this.#byPriority.find(({ options, evidence }) => options.match === 'nearest' && evidence.rhythm.period);
    const ratio = (own?.evidence.rhythm.period ?? FALLBACK_PERIOD) / FALLBACK_PERIOD;
    return FALLBACK_PERIOD * 2 ** (Math.round(PACE_STEPS * Math.log2(ratio)) / PACE_STEPS);
  }

  /** Beats are counted from a fixed time, not from the last set, so that any history ends in the same ones. */
  #beat(instant: number): number {
    return Math.floor(instant / this.#pace);
  }
}
