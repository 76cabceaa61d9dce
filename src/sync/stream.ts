import { findNearest, findWindow, isNearestSettled, isWindowSettled, type Reuse, type Target } from './matching.js';
import { MILLISECOND, type StreamOptions, type SynchronizerOptions } from './options.js';
import { type HeldSample, SampleBuffer } from './sample_buffer.js';
import { StepRecord } from './step_record.js';
import { type ModalityState, StreamHealth } from './stream_health.js';
import { StreamTiming } from './stream_timing.js';
import type { StreamCounters } from './sync_event.js';

/** Samples held for a stream that is matched one by one: over a second at 30 Hz. */
const SAMPLE_CAPACITY = 32;
/** Packets held for a stream that is matched by windows: event cameras send up to a thousand a second. */
const PACKET_CAPACITY = 2048;

/**
 * Tolerance where none is given. Under 20 % jitter neighbours lie up to 1.4 periods apart, so a reference stamp is
 * never farther than 0.7 from the nearest; a neighbour of a lost sample is, and is not passed off as it.
 */
const DERIVED_TOLERANCE_PERIODS = 0.75;
const MIN_DERIVED_TOLERANCE = 20 * MILLISECOND;
/** An older sample would lie too far off the image: at 10 m/s, 0.15 s are 1.5 m. */
const MAX_DERIVED_TOLERANCE = 150 * MILLISECOND;
/** A window's last packet must start this shortly before its end, in periods, and never less than 50 ms. */
const DERIVED_WINDOW_PERIODS = 1.5;
const MIN_DERIVED_WINDOW = 50 * MILLISECOND;

/**
 * Silence, in periods, that says more than one sample is missing: two of them and the usual jitter. A set that waited
 * in vain and so much silence together end the waiting.
 */
const OVERDUE_PERIODS = 2.5;

export type Arrival<T> =
  | { kind: 'accepted'; sample: HeldSample<T> }
  | { kind: 'repeated' | 'out-of-order' | 'ignored' };

/** Everything the synchroniser knows about one modality. */
export class Stream<T> {
  #options: StreamOptions;
  readonly health: StreamHealth;
  readonly timing: StreamTiming;
  readonly steps: StepRecord;
  readonly counters: StreamCounters = {
    received: 0,
    used: 0,
    superseded: 0,
    repeated: 0,
    outOfOrder: 0,
    ignored: 0,
    cleared: 0,
    missed: 0,
    malformed: 0,
    invalid: 0,
    transitions: 0,
  };
  /** State when last told, and since when it holds. */
  reported: { state: ModalityState; since: number };
  /** When its clock last jumped. */
  jumpedAt: number | undefined;
  /** When its last sample was handed out to be looked at. */
  probedAt = -Infinity;
  /** Whether a set has waited for it until the deadline since its last message. */
  #isWaitedFor: 'still' | 'in-vain' = 'still';
  readonly #buffer: SampleBuffer<T>;
  #clockJump: number;
  #newest: { stamp: number; received: number } | undefined;

  constructor(options: StreamOptions, settings: SynchronizerOptions) {
    this.#options = options;
    this.health = new StreamHealth(settings, options.availability);
    this.timing = new StreamTiming(options.period);
    this.steps = new StepRecord(settings.clockJump);
    this.#buffer = new SampleBuffer(options.match === 'window' ? PACKET_CAPACITY : SAMPLE_CAPACITY);
    this.#clockJump = settings.clockJump;
    this.reported = { state: this.health.state, since: 0 };
  }

  /** Puts other options in force; what was learned, counted and held stays. */
  retune(options: StreamOptions, settings: SynchronizerOptions): void {
    this.#options = options;
    this.#clockJump = settings.clockJump;
    this.health.retune(settings);
    this.timing.retune(options.period);
    this.steps.retune(settings.clockJump);
  }

  get options(): StreamOptions {
    return this.#options;
  }

  get modality(): string {
    return this.options.modality;
  }

  get samples(): readonly HeldSample<T>[] {
    return this.#buffer.samples;
  }

  /** Samples held that no set has taken so far. */
  get pending(): number {
    return this.samples.reduce((count, { fate }) => count + (fate === 'held' ? 1 : 0), 0);
  }

  /** Largest distance of a sample from the reference stamp. */
  get tolerance(): number {
    if (this.options.tolerance !== undefined) return this.options.tolerance;
    const period = this.timing.assumedPeriod;
    return this.options.match === 'window'
      ? clamp(DERIVED_WINDOW_PERIODS * period, MIN_DERIVED_WINDOW, MAX_DERIVED_TOLERANCE)
      : clamp(DERIVED_TOLERANCE_PERIODS * period, MIN_DERIVED_TOLERANCE, MAX_DERIVED_TOLERANCE);
  }

  /** What samples are compared with for a reference at `instant` from a stream of the given period. */
  target(instant: number, referencePeriod: number): Target {
    const shifted = instant + this.options.offset;
    const bias = this.options.match === 'window' ? 0 : this.timing.bias(referencePeriod);
    return { instant: shifted, preferred: shifted + bias, tolerance: this.tolerance };
  }

  /**
   * From when on sets do not wait for it any more, until its next sample: a wait in vain tells as much as the next
   * would, and costs every mask the deadline. `Infinity` while it is worth waiting for.
   */
  get overdueFrom(): number {
    if (this.#isWaitedFor === 'still' || this.#newest === undefined) return Infinity;
    return this.#newest.received + OVERDUE_PERIODS * this.timing.assumedPeriod;
  }

  /** A set has waited for it until the deadline and did not get what it waited for. */
  noteWaitedInVain(): void {
    this.#isWaitedFor = 'in-vain';
  }

  /** Takes a sample in and says what became of it. */
  receive(stamp: number, value: T, now: number): Arrival<T> {
    this.counters.received++;
    if (this.health.availability === 'disabled') {
      this.counters.ignored++;
      return { kind: 'ignored' };
    }
    const before = this.#newest;
    const jumped = before !== undefined && this.#isJump(before, stamp, now);
    if (before !== undefined && !jumped && stamp <= before.stamp) return this.#refuse(stamp === before.stamp, now);
    if (jumped) this.#startTimeline(now, stamp - before.stamp);
    else if (before !== undefined) this.timing.observeInterval(stamp - before.stamp, now - before.received);
    const sample: HeldSample<T> = { stamp, received: now, value, fate: 'held', inStep: false };
    this.#newest = { stamp, received: now };
    this.#isWaitedFor = 'still';
    this.steps.sampleCame();
    this.#letGo(this.#buffer.add(sample), 'superseded');
    this.health.sampleCame(now);
    return { kind: 'accepted', sample };
  }

  /**
   * What a set with this target takes from the stream, `undefined` for nothing. One sample may serve several
   * references where the tolerance reaches half-way to its neighbours, so that every reference has a right to one
   * (a 5 Hz LiDAR under a 30 Hz camera); where it is tighter, simultaneity is meant, and each sample serves once.
   */
  match(target: Target): HeldSample<T>[] | undefined {
    if (this.options.match === 'window') return findWindow(this.samples, target);
    const nearest = findNearest(this.samples, target, this.#reuse);
    return nearest === undefined ? undefined : [nearest];
  }

  /** Whether no later sample would change {@link match}. */
  isSettled(target: Target): boolean {
    const { newest } = this.#buffer;
    if (this.options.match === 'window') return isWindowSettled(newest, target);
    const nearest = findNearest(this.samples, target, this.#reuse);
    return isNearestSettled(newest, nearest, target, this.timing.shortestInterval);
  }

  /** A set takes a sample, perhaps one that was let go since it opened that set. */
  use(sample: HeldSample<T>): void {
    if (sample.fate === 'used') return;
    if (sample.fate !== 'held') this.counters[sample.fate]--;
    sample.fate = 'used';
    this.counters.used++;
  }

  /** Lets go of samples that no reference at or after `instant` can want. */
  releaseBefore(instant: number): void {
    this.#letGo(this.#buffer.releaseBefore(instant + this.options.offset), 'superseded');
  }

  /** Lets go of all samples, because the stream died: when it is back, they are past. */
  releaseAll(): void {
    this.#letGo(this.#buffer.clear(), 'superseded');
    this.steps.forget();
  }

  /** Forgets samples and stamps; the next sample may have any stamp. What was learned about its rhythm stays. */
  clear(): void {
    this.#forgetStamps();
    this.acceptTimeline();
  }

  /** Takes the stream's present stamps for right, whatever was held against them. */
  acceptTimeline(): void {
    this.jumpedAt = undefined;
    this.steps.forget();
    this.health.step.clear();
  }

  /** A sample lay within tolerance of a reference, in time to serve it; the reference's own always does. */
  noteInStep(sample: HeldSample<T>): void {
    const isFaulty = this.health.step.fault !== undefined;
    if (isFaulty && !this.steps.isPunctual(sample)) return;
    this.steps.restart();
    if (sample.inStep) return;
    sample.inStep = true;
    if (!isFaulty) this.steps.learnDelay(sample);
    this.health.step.good();
  }

  /** Makes the stream invalid, because its stamps have never been right for all that is known. */
  distrust(detail: string): void {
    this.steps.forget();
    this.health.step.trip({ absent: 'invalid', detail });
  }

  /** A sample came too late for a set that had waited for it. */
  noteMissed(by: number): void {
    this.counters.missed++;
    this.steps.missed(by);
  }

  /** The held sample that shows that the stream is in step with a target. */
  findInStep(target: Target): HeldSample<T> | undefined {
    return findNearest(this.samples, target, 'shared');
  }

  get #reuse(): Reuse {
    return this.tolerance >= this.timing.assumedPeriod / 2 ? 'shared' : 'once';
  }

  #letGo(samples: readonly HeldSample<T>[], fate: 'superseded' | 'cleared'): void {
    for (const sample of samples) {
      if (sample.fate !== 'held') continue;
      sample.fate = fate;
      this.counters[fate]++;
    }
  }

  #forgetStamps(): void {
    this.#letGo(this.#buffer.clear(), 'cleared');
    this.#newest = undefined;
    this.health.forgetVerdicts();
    this.steps.restart();
  }

  #refuse(repeated: boolean, now: number): Arrival<T> {
    this.health.messageCame(now);
    if (!repeated) {
      this.counters.outOfOrder++;
      return { kind: 'out-of-order' };
    }
    this.counters.repeated++;
    this.health.standstill.bad({ absent: 'invalid', detail: 'the stamps stand still' });
    return { kind: 'repeated' };
  }

  /** Back farther than messages overtake each other, or ahead by more than the time that has passed. */
  #isJump(before: { stamp: number; received: number }, stamp: number, now: number): boolean {
    if (stamp < before.stamp - this.#clockJump) return true;
    return stamp - before.stamp - (now - before.received) > Math.max(this.#clockJump, this.timing.assumedPeriod);
  }

  #startTimeline(now: number, step: number): void {
    this.#forgetStamps();
    this.jumpedAt = now;
    const direction = step < 0 ? 'back' : 'ahead';
    this.health.step.trip({
      absent: 'invalid',
      detail: `the stamps jumped ${direction} by ${inMs(Math.abs(step))} ms`,
    });
  }
}

/** A time in whole milliseconds, for messages. */
export function inMs(time: number): string {
  return (time / MILLISECOND).toFixed(0);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
