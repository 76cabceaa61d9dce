/**
 * Brings samples of several sensors together into sets, and keeps doing so while sensors fail.
 *
 * Exact-time and approximate-time policies (ROS message_filters) wait for every stream, and stay silent for ever once
 * one stream is. Two other designs are joined here: collectors that are opened by a reference time and closed by a
 * time-out with whatever is there, and inputs that go inactive and come back by themselves.
 *
 * Two clocks, never mixed. **Stamps** (sensor time) decide what belongs together. **Receive times**, passed in as
 * `now`, decide how long to wait and who is silent. A constant difference between the two does no harm.
 *
 * 1. *Reference.* The first active stream of `referencePriority` paces the sets: each of its samples opens a
 *    **collector** at its stamp.
 * 2. *Match.* From every other stream a collector wants the sample nearest to that stamp within the stream's tolerance;
 *    from window streams (event cameras) all packets up to it. Periods are learned where they are not given, and
 *    tolerances derived from them, such that a neighbour is never passed off as a lost sample.
 * 3. *Close.* Collectors close in order: when no later sample could be closer in any stream waited for (one at or past
 *    the reference stamp has come, or the stream's period says the next will be farther), or at the deadline, which
 *    runs from the arrival of the reference sample. Only streams in state active or late are waited for, and not again
 *    once a set has waited in vain and two samples are overdue; in the first moments also those that have not spoken
 *    yet.
 * 4. *Health.* Silence of 1.5 periods makes a stream late, of three (but 0.3 s at least) dropped; two good samples
 *    bring it back, and the second is used at once. Bad content (reported by whoever decodes), stamps that stand
 *    still, and stamps that never lie near a reference make it invalid. Each is judged with hysteresis, see
 *    {@link StreamHealth}.
 * 5. *Stand-in.* When the reference is late, the next active stream opens collectors in its place at once, also for
 *    what it holds of the last moments, so that no frame is lost before the reference counts as dropped. These still
 *    wait for the late one; if it comes after all, it takes the collector over, so that the set bears its stamp. Two
 *    references never open sets for one instant: on a change, stamps must lie half a period apart.
 * 6. *Time line.* Output stamps rise. When the stamps of most healthy streams jump (a bag starts over), or the receive
 *    clock goes back, what is held is cleared, the time line starts anew, and a `reset` says so; only across it may
 *    stamps go back. A stream that jumps alone is the one at fault: it is invalid until its stamps are back in step.
 *
 * What follows from it: a sample that will never come costs its collectors the deadline until two and a half periods
 * have passed in silence, and the first of them always; then nothing. So a stream that falls silent is out of the sets
 * within the deadline and one reference period, also a window stream, whose first set after that may still be full.
 * With every stream gone there are no sets. Without an `essential` stream every set is dropped, and said.
 *
 * Limits. Stamps alone cannot tell a sensor that stamps late from one that sees late: a constant latency of stamps has
 * to be given as `offset`. A stream whose samples arrive later than the deadline is never used, and the status says so.
 *
 * Pure: no timers, no clock, no decoding. Whoever drives it calls {@link Synchronizer.advance} after each input and at
 * {@link Synchronizer.nextWakeUp}. Inside, things happen at their exact due time in order, so that calling more often
 * or late changes when events are heard of, not what they say.
 */

import type { SensorReason } from '../sensors/reason.js';
import {
  abandonCollector,
  asSample,
  type Collector,
  closeCollector,
  isSettled,
  type ReferenceMark,
} from './collector.js';
import {
  assertConsistent,
  assertRetunable,
  MILLISECOND,
  type SynchronizerOptions,
  unknownModality,
} from './options.js';
import { instantOf, ReferenceTrack } from './reference_track.js';
import type { HeldSample } from './sample_buffer.js';
import { Stream } from './stream.js';
import type { ContentVerdict } from './stream_health.js';
import type { ModalityStatus, SyncEvent, SynchronizerStatus, SyncOutcome } from './sync_event.js';
import { findNewTimeline, judgeSteps, type NewTimeline } from './timeline.js';

/** Collectors that may be open at once; reached only by a deadline of many reference periods. */
const MAX_OPEN = 64;
/** Instants remembered after their collectors closed. */
const MAX_MARKS = 16;
/** Samples of an invalid stream are looked at this often at most: decoding what nobody uses must stay cheap. */
const PROBE_INTERVAL = 50 * MILLISECOND;

/** @typeParam T - payload of a sample; kept and handed on, never looked at */
export class Synchronizer<T> {
  #options: SynchronizerOptions;
  readonly #streams: readonly Stream<T>[];
  readonly #track: ReferenceTrack<T>;
  readonly #events: SyncEvent<T>[] = [];
  /** Sets in the making, oldest first. */
  readonly #open: Collector<T>[] = [];
  readonly #marks: ReferenceMark[] = [];
  readonly #sets = { complete: 0, partial: 0, dropped: 0 };
  #resets = 0;
  #clock: 'unset' | 'running' = 'unset';
  #now = 0;
  /** Time in which streams that have not spoken yet are waited for; the first sample starts it. */
  #grace: { phase: 'ahead' | 'over' } | { phase: 'running'; until: number } = { phase: 'ahead' };

  /** @throws Error when the options contradict themselves */
  constructor(options: SynchronizerOptions) {
    assertConsistent(options);
    this.#options = options;
    this.#streams = options.streams.map((stream) => new Stream<T>(stream, options));
    this.#track = new ReferenceTrack(options.referencePriority.map((modality) => this.#stream(modality)));
  }

  /**
   * Takes a sample in. Call {@link advance} afterwards.
   * @param stamp - sensor time, ns since the run's first stamp
   * @param now - receive time, ns; never goes back except when its clock is reset
   * @throws Error when no stream has that modality
   */
  push(modality: string, stamp: number, value: T, now: number): void {
    if (!Number.isFinite(stamp)) {
      this.reportInvalid(modality, `the stamp ${stamp} is not a time`, now);
      return;
    }
    const stream = this.#stream(modality);
    this.#moveTo(now);
    if (this.#grace.phase === 'ahead') this.#grace = { phase: 'running', until: this.#now + this.#options.dropSilence };
    const arrival = stream.receive(stamp, value, this.#now);
    if (arrival.kind === 'accepted') {
      this.#compareWithMarks(stream, arrival.sample);
      this.#probe(stream, arrival.sample);
    }
    this.#react();
  }

  /** A message came that yields no sample: its header cannot be read. Call {@link advance} afterwards. */
  reportInvalid(
    modality: string,
    reason: string,
    now: number,
    cause: SensorReason = { code: 'undecodable', detail: reason },
  ): void {
    const { health, counters } = this.#stream(modality);
    this.#moveTo(now);
    counters.malformed++;
    counters.invalid++;
    health.messageCame(this.#now);
    health.content.bad({ absent: 'invalid', detail: reason, cause });
    this.#react();
  }

  /**
   * The verdict on a sample that was decoded, from a set or a probe. One on a stamp judged before is ignored, so a
   * sample that served two sets may be reported twice. Call {@link advance} afterwards.
   */
  reportContent(modality: string, stamp: number, verdict: ContentVerdict, now: number): void {
    const { health, counters } = this.#stream(modality);
    this.#moveTo(now);
    const isNew = health.judgeContent(stamp, verdict) === 'counted';
    if (isNew && verdict.kind !== 'good') counters.invalid++;
    this.#react();
  }

  /** Does what is due by `now` and returns everything that has happened since the last call, in order. */
  advance(now: number): SyncEvent<T>[] {
    this.#moveTo(now);
    return this.#events.splice(0);
  }

  /** Receive time at which {@link advance} has something to do if no input comes before; `undefined` for never. */
  nextWakeUp(): number | undefined {
    if (this.#events.length > 0) return this.#now;
    const due = this.#nextDue();
    return due === Infinity ? undefined : due;
  }

  /** What is in force. */
  get options(): SynchronizerOptions {
    return this.#options;
  }

  /**
   * Puts other thresholds and stream options in force; what was learned, counted and held stays. Sets that are being
   * collected keep their deadline. Call {@link advance} afterwards.
   * @throws Error when the options contradict themselves, or would make it another synchroniser: other modalities,
   * another order of references, another way to match
   */
  retune(options: SynchronizerOptions): void {
    assertConsistent(options);
    assertRetunable(this.#options, options);
    this.#options = options;
    for (const stream of options.streams) {
      this.#stream(stream.modality).retune(stream, options);
      this.setEnabled(stream.modality, stream.availability);
    }
    this.#react();
  }

  /** Takes a modality out of the sets, or back in. Call {@link advance} afterwards. */
  setEnabled(modality: string, availability: 'enabled' | 'disabled'): void {
    const stream = this.#stream(modality);
    if (stream.health.availability === availability) return;
    stream.health.availability = availability;
    stream.health.rearm();
    stream.clear();
    this.#react();
  }

  /** Clears all samples and stamps and waits for every stream anew; counters and learned rhythms stay. */
  reset(reason: string): void {
    for (const stream of this.#streams) stream.health.rearm();
    this.#grace = { phase: 'ahead' };
    this.#startTimeline({ reason, believed: [] });
    this.#react();
  }

  /** How things stand at the time of the last call. */
  status(): SynchronizerStatus {
    return {
      reference: this.#track.present?.modality,
      open: this.#open.length,
      sets: { ...this.#sets },
      resets: this.#resets,
      modalities: this.#streams.map((stream) => this.#statusOf(stream)),
    };
  }

  #statusOf(stream: Stream<T>): ModalityStatus {
    const { health, timing } = stream;
    return {
      modality: stream.modality,
      state: stream.reported.state,
      reason: health.fault?.detail,
      cause: health.fault?.cause,
      since: stream.reported.since,
      age: health.lastMessage === undefined ? undefined : this.#now - health.lastMessage,
      period: timing.period,
      phase: timing.phase(this.#track.period),
      tolerance: stream.tolerance,
      rates: timing.rates,
      counters: { ...stream.counters },
      held: stream.pending,
    };
  }

  #stream(modality: string): Stream<T> {
    const stream = this.#streams.find((candidate) => candidate.modality === modality);
    if (stream !== undefined) return stream;
    const known = this.#streams.map((candidate) => candidate.modality);
    throw unknownModality('modality', modality, known);
  }

  /** Runs everything that falls due up to `now`, each at its own time. */
  #moveTo(now: number): void {
    if (this.#clock === 'unset') this.#now = now;
    this.#clock = 'running';
    if (now < this.#now - this.#options.clockJump) {
      this.#now = now;
      this.reset('the receive clock went back');
      return;
    }
    for (let due = this.#nextDue(); due <= now; due = this.#nextDue()) {
      this.#now = due;
      if (this.#grace.phase === 'running' && due >= this.#grace.until) this.#grace = { phase: 'over' };
      for (const stream of this.#streams) stream.health.judgeSilence(due, stream.timing);
      this.#react();
    }
    this.#now = Math.max(this.#now, now);
  }

  #nextDue(): number {
    let due = this.#deadline;
    if (this.#grace.phase === 'running') due = Math.min(due, this.#grace.until);
    for (const stream of this.#streams) {
      due = Math.min(due, stream.health.nextSilence(stream.timing));
      if (this.#open.length > 0 && stream.overdueFrom > this.#now) due = Math.min(due, stream.overdueFrom);
    }
    return due;
  }

  /** The first deadline of all. Not always the oldest set's: a stand-in's samples may have come on a faster way. */
  get #deadline(): number {
    return this.#open.reduce((first, { mark }) => Math.min(first, mark.deadline), Infinity);
  }

  /** Draws the consequences of a change until nothing more follows. */
  #react(): void {
    do {
      this.#reportTransitions();
      const newTimeline = findNewTimeline(this.#streams, this.#now);
      if (newTimeline !== undefined) this.#startTimeline(newTimeline);
      if (this.#track.choose() === 'changed') for (const stream of this.#streams) stream.timing.forgetPhase();
      this.#openCollectors();
    } while (this.#closeCollectors() > 0);
  }

  #startTimeline({ reason, believed }: NewTimeline<T>): void {
    for (const collector of this.#open.splice(0)) this.#tell(abandonCollector(collector, this.#now));
    for (const stream of this.#streams) {
      if (believed.includes(stream)) stream.acceptTimeline();
      else stream.clear();
    }
    this.#marks.length = 0;
    this.#track.startTimeline();
    this.#resets++;
    this.#events.push({ kind: 'reset', reason, at: this.#now });
    this.#reportTransitions();
  }

  #reportTransitions(): void {
    for (const stream of this.#streams) {
      const from = stream.reported.state;
      const to = stream.health.state;
      if (from === to) continue;
      if (to === 'dropped') stream.releaseAll();
      stream.reported = { state: to, since: this.#now };
      stream.counters.transitions++;
      const { detail: reason, cause } = stream.health.fault ?? {};
      this.#events.push({ kind: 'transition', modality: stream.modality, from, to, reason, cause, at: this.#now });
    }
  }

  /** Opens a collector for each sample of the reference that wants one, which after a change may be several. */
  #openCollectors(): void {
    const reference = this.#track.present;
    if (reference === undefined) return;
    for (const sample of reference.samples) {
      if (sample.received + this.#options.deadline <= this.#now) continue;
      const plan = this.#track.planFor(reference, sample);
      if (plan === 'open') this.#openCollector(reference, sample);
      else if (plan === 'same-instant') this.#takeOver(reference, sample);
    }
  }

  #openCollector(reference: Stream<T>, opener: HeldSample<T>): void {
    const opened = opener.received;
    const instant = instantOf(reference, opener);
    const mark = { instant, deadline: opened + this.#options.deadline, missing: new Set<string>() };
    const after = this.#track.last?.stamp ?? -Infinity;
    const referencePeriod = this.#track.period;
    this.#open.push({ mark, opened, after, reference, referencePeriod, opener });
    this.#marks.push(mark);
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
    this.#track.noteOpened(reference, opener);
    for (const stream of this.#streams) {
      const inStep = stream === reference ? opener : stream.findInStep(stream.target(instant, referencePeriod));
      if (inStep !== undefined) stream.noteInStep(inStep);
    }
  }

  /** The better reference came after all, while the collector its stand-in opened for that instant is still open. */
  #takeOver(reference: Stream<T>, opener: HeldSample<T>): void {
    const collector = this.#open.at(-1);
    if (collector === undefined || opener.stamp <= collector.after) return;
    collector.reference = reference;
    collector.referencePeriod = this.#track.period;
    collector.opener = opener;
    collector.mark.instant = instantOf(reference, opener);
    this.#track.noteOpened(reference, opener);
    reference.noteInStep(opener);
  }

  /** Learns from a new sample where its stream lies relative to the references, and whether it is of use to them. */
  #compareWithMarks(stream: Stream<T>, sample: HeldSample<T>): void {
    const { last, present, period } = this.#track;
    if (stream === present || last === undefined) return;
    stream.timing.observePhase(instantOf(stream, sample) - last.instant);
    for (const mark of this.#marks) {
      const target = stream.target(mark.instant, period);
      if (Math.abs(sample.stamp - target.instant) > target.tolerance) continue;
      if (this.#now < mark.deadline) stream.noteInStep(sample);
      else if (mark.missing.delete(stream.modality)) stream.noteMissed(this.#now - mark.deadline);
    }
  }

  #probe(stream: Stream<T>, sample: HeldSample<T>): void {
    if (stream.health.content.fault === undefined) return;
    if (this.#now - stream.probedAt < PROBE_INTERVAL) return;
    stream.probedAt = this.#now;
    this.#events.push({ kind: 'probe', modality: stream.modality, sample: asSample(sample) });
  }

  /** Closes what is due from the oldest on, so that stamps rise; returns how many. */
  #closeCollectors(): number {
    let closed = 0;
    for (let head = this.#open[0]; head !== undefined; head = this.#open[0]) {
      const closedBy = this.#dueBy(head);
      if (closedBy === undefined) break;
      this.#open.shift();
      this.#close(head, closedBy);
      closed++;
    }
    return closed;
  }

  #dueBy(collector: Collector<T>): SyncOutcome<T>['closedBy'] | undefined {
    if (
      isSettled(
        collector,
        this.#streams.filter((stream) => this.#isAwaited(stream)),
      )
    )
      return 'settled';
    if (this.#now >= this.#deadline) return 'deadline';
    return this.#open.length > MAX_OPEN ? 'overflow' : undefined;
  }

  #isAwaited({ health, overdueFrom }: Stream<T>): boolean {
    if (health.isUsable) return this.#now < overdueFrom;
    return this.#grace.phase === 'running' && health.state === 'waiting';
  }

  #close(collector: Collector<T>, closedBy: SyncOutcome<T>['closedBy']): void {
    if (closedBy === 'deadline') {
      const awaited = this.#streams.filter((stream) => this.#isAwaited(stream));
      for (const stream of awaited) if (!isSettled(collector, [stream])) stream.noteWaitedInVain();
    }
    this.#tell(closeCollector(collector, this.#streams, this.#now, closedBy));
    const { mark, reference } = collector;
    for (const stream of this.#streams) {
      stream.releaseBefore(mark.instant);
      if (stream !== reference) stream.steps.setClosed();
    }
    const newTimeline = judgeSteps(this.#streams, reference, mark.instant);
    if (newTimeline === undefined) return;
    this.#startTimeline(newTimeline);
    reference.distrust(newTimeline.reason);
  }

  #tell(outcome: SyncOutcome<T>): void {
    this.#sets[outcome.kind]++;
    this.#events.push(outcome);
  }
}
