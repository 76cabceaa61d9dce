import { Baseline, judgeBaselines } from './baseline.js';
import { Evidence } from './evidence.js';
import { type ModalityState, NO_VERDICT, type Verdict } from './judge.js';
import { findNearest, findWindow, isNearestSettled, isWindowSettled, type Reuse, type Target } from './matching.js';
import {
  longestHeld,
  MAX_DERIVED_TOLERANCE,
  MILLISECOND,
  type StreamOptions,
  type SynchronizerOptions,
} from './options.js';
import type { Origin, StampValue } from './origin.js';
import type { Reason } from './reason.js';
import { type HeldSample, SampleBuffer } from './sample_buffer.js';
import { newCounters, type StreamCounters } from './sync_event.js';

/** Samples held for a stream that is matched one by one: over a second at 30 Hz. */
const SAMPLE_CAPACITY = 32;
/** Packets held for a stream that is matched by windows: event cameras send up to a thousand a second. */
const PACKET_CAPACITY = 2048;

/**
 * Tolerance where none is given. Under 20 % jitter neighbours lie up to 1.4 periods apart, so a reference instant is
 * never farther than 0.7 from the nearest; a neighbour of a lost sample is, and is not passed off as it.
 */
const DERIVED_TOLERANCE_PERIODS = 0.75;
const MIN_DERIVED_TOLERANCE = 20 * MILLISECOND;
/** A window's last packet must start this shortly before its end, in periods, and never less than 50 ms. */
const DERIVED_WINDOW_PERIODS = 1.5;
const MIN_DERIVED_WINDOW = 50 * MILLISECOND;

/**
 * Silence, in periods, that says more than one sample is missing: two of them and the usual jitter. A set that waited
 * in vain and so much silence together end the waiting.
 */
const OVERDUE_PERIODS = 2.5;

/** What became of a stamp that came. `refused`: far ahead of the time that has passed; positive `by` is ahead. */
export type Arrival<T, S extends StampValue> =
  | { kind: 'accepted'; sample: HeldSample<T, S> }
  | { kind: 'refused'; by: number }
  | { kind: 'out-of-order' };

/** One modality: the samples it holds, what became of the others, and the evidence its verdicts are drawn from. */
export class Stream<T, S extends StampValue> {
  #options: StreamOptions;
  readonly evidence: Evidence;
  readonly baseline = new Baseline();
  readonly counters: StreamCounters = newCounters();
  /** As the evidence had it when last judged. */
  verdict: Verdict = NO_VERDICT;
  /** State when last told, and since when it holds. */
  reported: { state: ModalityState; since: number };
  /** What was last said to be watched. */
  warned: Reason | undefined;
  /** When its last sample was handed out to be looked at. */
  probedAt = -Infinity;
  readonly #origin: Origin;
  readonly #buffer: SampleBuffer<T, S>;
  /** How far samples lie behind the newest before only the last of them is of use. */
  #heldFor: number;
  /** The last stamp that came, usable or not; and the newest sample that was taken in. */
  #lastStamp: S | undefined;
  /** How often it has come again since. */
  #repeats = 0;
  #newest: { stamp: S; instant: number; received: number } | undefined;
  /** Latency of the clock the held samples were stamped by. */
  #latency: number | undefined;
  /** When a set last waited for it until the deadline. */
  #waitedInVain = -Infinity;

  constructor(options: StreamOptions, settings: SynchronizerOptions, origin: Origin) {
    this.#options = options;
    this.#origin = origin;
    this.evidence = new Evidence(options, settings);
    if (options.availability === 'disabled') this.verdict = { ...NO_VERDICT, state: 'disabled', absent: 'disabled' };
    this.#heldFor = longestHeld(settings);
    this.#buffer = new SampleBuffer(options.match === 'window' ? PACKET_CAPACITY : SAMPLE_CAPACITY);
    this.reported = { state: this.verdict.state, since: 0 };
  }

  /** Puts other options in force; what was learned, counted and held stays. */
  retune(options: StreamOptions, settings: SynchronizerOptions): void {
    const later = options.offset - this.#options.offset;
    this.#options = options;
    this.evidence.retune(options, settings);
    this.#heldFor = longestHeld(settings);
    if (later !== 0) this.shift(later);
  }

  get options(): StreamOptions {
    return this.#options;
  }

  get modality(): string {
    return this.options.modality;
  }

  get samples(): readonly HeldSample<T, S>[] {
    return this.#buffer.samples;
  }

  /** Whether messages come, good or bad. */
  get isSending(): boolean {
    return !['disabled', 'waiting', 'dropped'].includes(this.verdict.state);
  }

  /** The newest sample that was taken in on its present clock, held or not. */
  get newest(): { readonly stamp: S; readonly received: number } | undefined {
    return this.#newest;
  }

  /** Samples held that no set has taken so far. */
  get pending(): number {
    return this.samples.reduce((count, { fate }) => count + (fate === 'held' ? 1 : 0), 0);
  }

  /** Largest distance of a sample from the reference instant. */
  get tolerance(): number {
    if (this.options.tolerance !== undefined) return this.options.tolerance;
    const period = this.evidence.rhythm.assumedPeriod;
    return this.options.match === 'window'
      ? clamp(DERIVED_WINDOW_PERIODS * period, MIN_DERIVED_WINDOW, MAX_DERIVED_TOLERANCE)
      : clamp(DERIVED_TOLERANCE_PERIODS * period, MIN_DERIVED_TOLERANCE, MAX_DERIVED_TOLERANCE);
  }

  /** What samples are compared with for a reference at `instant` from a stream of the given period. */
  target(instant: number, referencePeriod: number): Target {
    const bias = this.options.match === 'window' ? 0 : this.evidence.rhythm.bias(referencePeriod);
    return { instant, preferred: instant + bias, tolerance: this.tolerance };
  }

  /**
   * From when on sets do not wait for it any more, until its next sample: a wait in vain tells as much as the next
   * would, and costs every mask the deadline. `Infinity` while it is worth waiting for.
   */
  get overdueFrom(): number {
    if (this.#newest === undefined || this.#waitedInVain < this.#newest.received) return Infinity;
    return this.#newest.received + OVERDUE_PERIODS * this.evidence.rhythm.assumedPeriod;
  }

  /** A set has waited for it until the deadline and did not get what it waited for. */
  noteWaitedInVain(now: number): void {
    this.#waitedInVain = now;
  }

  /**
   * A stamp came: takes note of what it says about the clock, before anything is decided about the sample.
   * @returns `new` or `known`, what the clock is concerned, for a stamp that was not there before
   */
  hear(stamp: S, now: number): 'new' | 'known' | 'repeated' | 'ignored' {
    this.counters.received++;
    if (this.evidence.availability === 'disabled') {
      this.counters.ignored++;
      return 'ignored';
    }
    const isSame = stamp === this.#lastStamp;
    // One that was refused belonged to nothing: what comes under it next, where a clock was set back, may be right.
    const isFirst = !isSame || (this.#repeats === 0 && this.evidence.isRefused);
    this.#repeats = isSame ? this.#repeats + 1 : 0;
    if (!isFirst) {
      this.counters.repeated++;
      this.evidence.arrive({ kind: 'bad', fault: { code: 'stamps-stand-still' } }, now);
      return 'repeated';
    }
    this.#lastStamp = stamp;
    return this.evidence.read(now - this.#origin.instantOf(stamp, this.options.offset), now);
  }

  /**
   * Takes the sample of a new stamp in and says what became of it.
   * @param latency - of the stream's clock, as the evidence has it now
   * @param width - by how much delays on one clock differ
   */
  take(stamp: S, value: T, latency: number, width: number, now: number): Arrival<T, S> {
    if (this.#latency !== undefined && Math.abs(latency - this.#latency) > width) this.#startTimeline();
    this.#latency = latency;
    const instant = this.#origin.instantOf(stamp, this.options.offset);
    const before = this.#newest;
    const ahead = latency - (now - instant);
    if (ahead > width || (before !== undefined && instant <= before.instant)) {
      this.counters.outOfOrder++;
      const by = ahead > width ? ahead : instant - before!.instant;
      this.evidence.arrive({ kind: 'bad', fault: { code: 'stamp-refused', by } }, now);
      return ahead > width || -by > width ? { kind: 'refused', by } : { kind: 'out-of-order' };
    }
    if (before !== undefined)
      this.evidence.rhythm.observeInterval(instant - before.instant, now - before.received, now);
    const sample: HeldSample<T, S> = {
      stamp,
      instant,
      received: now,
      value,
      fate: 'held',
      inStep: false,
      hasPaced: false,
    };
    this.#newest = { stamp, instant, received: now };
    this.#letGo(this.#buffer.add(sample), 'superseded');
    // Sets let go of what is before them; where nothing paces there are none, and packets may be large.
    this.releaseBefore(instant - this.#heldFor);
    this.evidence.arrive({ kind: 'good' }, now);
    return { kind: 'accepted', sample };
  }

  /**
   * What a set with this target takes from the stream, `undefined` for nothing. One sample may serve several
   * references where the tolerance reaches half-way to its neighbours, so that every reference has a right to one
   * (a 5 Hz LiDAR under a 30 Hz camera); where it is tighter, simultaneity is meant, and each sample serves once.
   */
  match(target: Target): HeldSample<T, S>[] | undefined {
    if (this.options.match === 'window') return findWindow(this.samples, target);
    const nearest = findNearest(this.samples, target, this.#reuse);
    return nearest === undefined ? undefined : [nearest];
  }

  /** Whether no later sample would change {@link match}. */
  isSettled(target: Target): boolean {
    const { newest } = this.#buffer;
    if (this.options.match === 'window') return isWindowSettled(newest, target);
    const nearest = findNearest(this.samples, target, this.#reuse);
    return isNearestSettled(newest, nearest, target, this.evidence.rhythm.shortestInterval);
  }

  /** A set takes a sample, perhaps one that was let go since it opened that set. */
  use(sample: HeldSample<T, S>): void {
    if (sample.fate === 'used') return;
    if (sample.fate !== 'held') this.counters[sample.fate]--;
    sample.fate = 'used';
    this.counters.used++;
  }

  /** Lets go of samples that no reference at or after `instant` can want. */
  releaseBefore(instant: number): void {
    this.#letGo(this.#buffer.releaseBefore(instant), 'superseded');
  }

  /** Lets go of all samples, because the stream died: when it is back, they are past. */
  releaseAll(): void {
    this.#letGo(this.#buffer.clear(), 'superseded');
  }

  /** Forgets samples and stamps; the next sample may have any stamp. What its clock and rhythm say stays. */
  clear(): void {
    this.#startTimeline();
    this.#latency = undefined;
  }

  /** A sample lay within tolerance of a reference, in time to serve it; the reference's own always does. */
  noteInStep(sample: HeldSample<T, S>): void {
    if (sample.inStep) return;
    sample.inStep = true;
    this.evidence.noteInStep();
  }

  /** A sample came too late for a set that had waited for it. */
  noteMissed(by: number): void {
    this.counters.missed++;
    this.evidence.noteMissed(by);
  }

  /** A set was closed for which another stream was the reference. */
  noteSetClosed(reference: string, instant: number, now: number): void {
    this.evidence.noteSetClosed(reference, (this.#newest?.instant ?? instant) - instant, now);
  }

  /** The held sample that shows that the stream is in step with a target. */
  findInStep(target: Target): HeldSample<T, S> | undefined {
    return findNearest(this.samples, target, 'shared');
  }

  /** All instants are earlier by this much from here on: another origin, or another offset. */
  shift(by: number): void {
    for (const sample of this.samples) sample.instant = this.#origin.instantOf(sample.stamp, this.options.offset);
    if (this.#newest !== undefined) {
      this.#newest.instant = this.#origin.instantOf(this.#newest.stamp, this.options.offset);
    }
    if (this.#latency !== undefined) this.#latency += by;
    this.evidence.shiftDelays(by);
    this.baseline.restart();
  }

  /** The time up to `now` counts as so many times as long. */
  stretch(factor: number, now: number): void {
    this.evidence.stretch(factor, now);
    this.#latency = undefined;
    this.baseline.restart();
    this.evidence.longTerm = undefined;
  }

  /** So much time has gone by in which nothing could come; what is less than 0 takes that back. */
  skip(by: number): void {
    if (this.#newest !== undefined) this.#newest.received += by;
    this.#waitedInVain += by;
    this.baseline.skip();
    this.evidence.skip(by);
  }

  /** Nothing was listened to for so long up to `now`. What is held is too old for any set to come. */
  resume(by: number, now: number): void {
    this.releaseAll();
    this.#newest = undefined;
    this.#waitedInVain = -Infinity;
    this.probedAt = -Infinity;
    this.evidence.skip(by);
    // The next message may be a period away. Who was silent for long before stays so.
    if (this.verdict.state !== 'dropped') this.evidence.restartSilence(now);
  }

  get #reuse(): Reuse {
    return this.tolerance >= this.evidence.rhythm.assumedPeriod / 2 ? 'shared' : 'once';
  }

  #letGo(samples: readonly HeldSample<T, S>[], fate: 'superseded' | 'cleared'): void {
    for (const sample of samples) {
      if (sample.fate !== 'held') continue;
      sample.fate = fate;
      this.counters[fate]++;
    }
  }

  /** Its clock was set: what is held was stamped by another one. */
  #startTimeline(): void {
    this.#letGo(this.#buffer.clear(), 'cleared');
    this.#newest = undefined;
    this.#waitedInVain = -Infinity;
    this.probedAt = -Infinity;
    this.evidence.startTimeline();
    this.baseline.restart();
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/**
 * Compares when a stream's samples come with when they came, to warn of clocks that part slowly.
 * @param isMember - whether a stream is on the time base
 * @param reference - modality of the one that paces
 * @returns whether there may be something else to say
 */
export function compareWithPast<T, S extends StampValue>(
  stream: Stream<T, S>,
  { received, instant }: HeldSample<T, S>,
  streams: readonly Stream<T, S>[],
  isMember: (stream: Stream<T, S>) => boolean,
  reference: string | undefined,
): 'as-before' | 'to-judge' {
  const { baseline, evidence } = stream;
  if (baseline.observe(received - instant, evidence.rhythm.period, received) === 'within-stretch') return 'as-before';
  const others = streams.filter((other) => other !== stream && isMember(other));
  evidence.longTerm = isMember(stream) ? judgeBaselines(stream, others, reference) : undefined;
  return 'to-judge';
}
