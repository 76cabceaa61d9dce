import type { SensorReason } from '../sensors/reason.js';
import { streamsAwaited } from './awaited.js';
import { type ContentVerdict, contentSign } from './content.js';
import { EventLog } from './event_log.js';
import { Excuse } from './excuse.js';
import { Grace } from './grace.js';
import { HoldUps } from './hold_ups.js';
import { judge, type Verdict } from './judge.js';
import { type Clocks, isAgreed, isOnTime, judgeClocks, NO_CLOCKS } from './judge_clocks.js';
import { OpenSets } from './open_sets.js';
import {
  assertConsistent,
  assertRetunable,
  baseWidth,
  MILLISECOND,
  type SynchronizerOptions,
  unknownModality,
} from './options.js';
import { Origin, type StampValue } from './origin.js';
import { describeReason, type Reason } from './reason.js';
import { ReferenceTrack } from './reference_track.js';
import type { HeldSample } from './sample_buffer.js';
import { nextChange } from './silence.js';
import { StallWatch, stallCause } from './stall_watch.js';
import { statusOf } from './status.js';
import { compareWithPast, Stream } from './stream.js';
import type { SetDraft, SyncEvent, SynchronizerStatus, SyncOutcome } from './sync_event.js';

/** Samples of an invalid stream are looked at this often at most: decoding what nobody uses must stay cheap. */
const PROBE_INTERVAL = 50 * MILLISECOND;

/** Says what happens when, by a clock by which stamps come at their own pace; all else as {@link Synchronizer} has it. */
export class SynchronizerCore<T, S extends StampValue = number> {
  #options: SynchronizerOptions;
  readonly #origin = new Origin();
  readonly #streams: readonly Stream<T, S>[];
  readonly #track: ReferenceTrack<T, S>;
  readonly #log = new EventLog<T, S>();
  readonly #open: OpenSets<T, S>;
  readonly #stall = new StallWatch();
  #clocks: Clocks = NO_CLOCKS;
  readonly #holdUps = new HoldUps();
  /** Said of the stream that paces, where the stamps of all run at another pace than the receive clock. */
  #otherPace: Reason | undefined;
  #resets = 0;
  #unopened = 0;
  #clock: 'unset' | 'running' = 'unset';
  #now = 0;
  /** For a while after the caller was held up. */
  #excuse: Excuse<T, S> | undefined;
  readonly #grace = new Grace();

  constructor(options: SynchronizerOptions) {
    assertConsistent(options);
    this.#options = options;
    this.#streams = options.streams.map((stream) => new Stream<T, S>(stream, options, this.#origin));
    this.#open = new OpenSets(this.#streams);
    this.#track = new ReferenceTrack(options.referencePriority.map((modality) => this.#stream(modality)));
  }

  push(modality: string, stamp: S, value: T, now: number): void {
    if (typeof stamp === 'number' && !Number.isFinite(stamp)) {
      this.reportInvalid(modality, `the stamp ${stamp} is not a time`, now);
      return;
    }
    const stream = this.#stream(modality);
    this.#moveTo(now);
    this.#excuse?.heard(stream);
    this.#grace.sampleCame(this.#now, this.#options.dropSilence);
    this.#stall.messageCame(this.#now);
    const heard = stream.hear(stamp, this.#now);
    if (heard === 'new') this.#readClocks();
    if (heard === 'new' || heard === 'known') this.#take(stream, stamp, value);
    this.#react();
    if (this.#track.present === undefined && this.#track.firstOf((each) => each.isSending) === stream) this.#unopened++;
  }

  reportInvalid(
    modality: string,
    reason: string,
    now: number,
    cause: SensorReason = { code: 'undecodable', detail: reason },
  ): void {
    const stream = this.#stream(modality);
    const { evidence, counters } = stream;
    this.#moveTo(now);
    this.#excuse?.heard(stream);
    this.#stall.messageCame(this.#now);
    counters.malformed++;
    counters.invalid++;
    evidence.arrive(undefined, this.#now);
    evidence.find({ at: this.#now, about: 'head', sign: { kind: 'bad', fault: { absent: 'invalid', cause } } });
    this.#readClocks();
    this.#react();
  }

  reportContent(modality: string, stamp: S, verdict: ContentVerdict, now: number): void {
    const stream = this.#stream(modality);
    const { evidence, options, counters } = stream;
    this.#moveTo(now);
    const instant = this.#origin.instantOf(stamp, options.offset);
    const isNew = evidence.see(instant, contentSign(verdict), this.#now) === 'counted';
    if (isNew && verdict.kind !== 'good') counters.invalid++;
    if (verdict.kind === 'good' && stream.verdict.state === 'active') evidence.isNew = false;
    if (evidence.isNew) this.#readClocks();
    this.#react();
  }

  advance(now: number): SyncEvent<T, S>[] {
    this.#moveTo(now);
    return this.#log.take();
  }

  nextWakeUp(): number | undefined {
    if (!this.#log.isEmpty) return this.#now;
    const due = this.#nextDue();
    return due === Infinity ? undefined : due;
  }

  get options(): SynchronizerOptions {
    return this.#options;
  }

  retune(options: SynchronizerOptions): void {
    assertConsistent(options);
    assertRetunable(this.#options, options);
    this.#options = options;
    for (const stream of options.streams) {
      this.#stream(stream.modality).retune(stream, options);
      this.setEnabled(stream.modality, stream.availability);
    }
    this.#expectChange();
    this.#react();
  }

  setEnabled(modality: string, availability: 'enabled' | 'disabled'): void {
    const stream = this.#stream(modality);
    if (stream.evidence.availability === availability) return;
    stream.evidence.availability = availability;
    stream.evidence.forget();
    stream.clear();
    this.#expectChange();
    this.#react();
  }

  /**
   * The clock it is called by runs at another pace from now on, and would have until now.
   * @param factor - how many times as long the time up to now would have been
   * @param cause - what to warn of; `undefined` for nothing
   */
  stretch(factor: number, cause: Reason | undefined, now: number): void {
    this.#moveTo(now);
    this.#endExcuse();
    this.#otherPace = cause;
    for (const stream of this.#streams) stream.stretch(factor, this.#now);
    this.#track.forgetLatency();
    this.#expectChange();
  }

  resume(now: number): void {
    const by = now - this.#now;
    if (this.#clock === 'unset' || by <= 0) return;
    this.#endExcuse();
    this.#open.abandon(now);
    for (const stream of this.#streams) stream.resume(by, now);
    this.#grace.skip(by);
    this.#stall.restart();
    this.#now = now;
    this.#expectChange();
    this.#react();
  }

  heldUp(by: number, now: number): void {
    if (this.#clock === 'unset' || now <= this.#now) return;
    this.#endExcuse();
    // What was done meanwhile after all is no part of it.
    if (now - by > this.#now) this.#moveTo(now - by);
    const skipped = now - this.#now;
    this.#holdUps.note(skipped, now);
    this.#excuse = new Excuse(skipped, now, this.#streams, this.#open.marks);
    this.#grace.skip(skipped);
    this.#stall.skip(skipped);
    this.#now = now;
    this.#expectChange();
    this.#react();
  }

  reset(reason: string): void {
    this.#endExcuse();
    this.#holdUps.forget();
    for (const stream of this.#streams) stream.evidence.forget();
    this.#grace.restart();
    this.#stall.restart();
    this.#startTimeline(reason, []);
    this.#expectChange();
    this.#react();
  }

  draft(): SetDraft<T, S> | undefined {
    return this.#open.draft();
  }

  status(): SynchronizerStatus {
    const { since } = this.#stall;
    const cause = since === undefined ? undefined : this.#stallCause(since);
    return {
      reference: this.#track.present?.modality,
      open: this.#open.count,
      sets: this.#log.sets,
      unopened: this.#unopened,
      resets: this.#resets,
      stall: cause && { cause, reason: describeReason(cause), since: since! },
      modalities: this.#streams.map((stream) => statusOf(stream, this.#track.period, this.#now)),
    };
  }

  #stream(modality: string): Stream<T, S> {
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
      if (this.#excuse !== undefined && due >= this.#excuse.until) this.#endExcuse();
      this.#grace.check(due);
      this.#expectChange();
      this.#react();
    }
    this.#now = Math.max(this.#now, now);
  }

  #endExcuse(): void {
    this.#excuse?.end();
    this.#excuse = undefined;
  }

  #nextDue(): number {
    let due = Math.min(this.#open.deadline, this.#stall.due, this.#grace.due, this.#excuse?.until ?? Infinity);
    for (const { evidence, overdueFrom } of this.#streams) {
      due = Math.min(due, nextChange(evidence, this.#options, this.#now));
      if (this.#open.count > 0 && overdueFrom > this.#now) due = Math.min(due, overdueFrom);
    }
    return due;
  }

  /** Takes in a sample with a stamp that was not there before, judged by what is known of its clock. */
  #take(stream: Stream<T, S>, stamp: S, value: T): void {
    const { latency } = this.#clocks.streams.get(stream.modality)!;
    const arrival = stream.take(stamp, value, latency, baseWidth(this.#options), this.#now);
    // Of several in a row the first is told.
    const isFirst = stream.evidence.arrivals.at(-2)?.stamp?.kind === 'good';
    if (arrival.kind === 'refused' && isFirst) {
      this.#log.warn(stream, { code: 'stamp-refused', by: arrival.by }, this.#now);
    }
    if (arrival.kind !== 'accepted') return;
    this.#compareWithMarks(stream, arrival.sample);
    this.#probe(stream, arrival.sample);
    const isMember = ({ modality }: Stream<T, S>) => this.#clocks.base?.members.has(modality) === true;
    const past = compareWithPast(stream, arrival.sample, this.#streams, isMember, this.#track.present?.modality);
    // A good sample of a stream that is well says nothing new, and packets come a thousand times a second.
    if (stream.verdict.state === 'active' && past === 'as-before') stream.evidence.isNew = false;
  }

  /** Draws the consequences of a change until nothing more follows. */
  #react(): void {
    do {
      this.#judge();
      this.#openCollectors();
    } while (this.#closeCollectors() > 0);
    if (this.#stall.check(this.#now) === 'as-before') return;
    this.#log.stalled(this.#stallCause(this.#stall.since!), this.#now);
  }

  #stallCause(since: number) {
    const pacer = this.#track.firstOf(({ verdict }) => verdict.state !== 'disabled');
    return stallCause(this.#streams, pacer, this.#now - since);
  }

  /** Time has passed or options have changed: every verdict may be another one. */
  #expectChange(): void {
    for (const { evidence } of this.#streams) evidence.isNew = true;
    this.#readClocks();
  }

  get #evidence() {
    return this.#streams.map(({ evidence }) => evidence);
  }

  /** Reads the clocks anew. Where they all agree as before, that changes no verdict. */
  #readClocks(): void {
    const before = this.#clocks;
    this.#clocks = judgeClocks(this.#evidence, this.#options, this.#now, this.#holdUps.longest(this.#now));
    if (isAgreed(before) && isAgreed(this.#clocks) && before.streams.size === this.#clocks.streams.size) return;
    for (const { evidence } of this.#streams) evidence.isNew = true;
  }

  #judge(): void {
    this.#followBase();
    if (this.#streams.some(({ evidence }) => evidence.isNew)) {
      const verdicts = judge(this.#evidence, this.#clocks, this.#options, this.#now);
      for (const stream of this.#streams) {
        stream.evidence.isNew = false;
        stream.verdict = this.#withPace(stream, verdicts.get(stream.modality)!);
        this.#log.follow(stream, this.#now);
      }
    }
    const before = this.#track.present;
    this.#track.choose(this.#now, ({ modality }) => isOnTime(this.#clocks, modality, this.#options));
    const { present } = this.#track;
    if (this.#otherPace !== undefined && present !== undefined && present !== before) present.evidence.isNew = true;
  }

  #withPace(stream: Stream<T, S>, verdict: Verdict): Verdict {
    if (this.#otherPace === undefined || stream !== this.#track.present || !verdict.isUsable) return verdict;
    return { ...verdict, warning: verdict.warning ?? this.#otherPace };
  }

  /** Starts a time line where the base moved against the one the last set was opened on. */
  #followBase(): void {
    const { base } = this.#clocks;
    if (base !== undefined && this.#track.isOffBase(base.latency, baseWidth(this.#options), this.#now)) {
      this.#startTimeline('the stamps of most streams jumped', [...base.members.keys()]);
    }
    if (this.#track.last === undefined) this.#moveOrigin();
  }

  /** Takes instants relative to a stamp of the base, so that they are exact. Nothing is open then. */
  #moveOrigin(): void {
    const first = this.#streams.find(({ modality, newest }) => newest && this.#clocks.base?.members.has(modality));
    const shift = first?.newest === undefined ? 0 : this.#origin.moveTo(first.newest.stamp);
    if (shift === 0) return;
    for (const stream of this.#streams) stream.shift(shift);
    this.#readClocks();
  }

  /** @param believed - streams whose samples belong to the new time line already */
  #startTimeline(reason: string, believed: readonly string[]): void {
    for (const outcome of this.#open.abandon(this.#now)) this.#tell(outcome);
    for (const stream of this.#streams) {
      if (believed.includes(stream.modality)) stream.evidence.startTimeline();
      else stream.clear();
    }
    this.#track.startTimeline();
    this.#resets++;
    this.#log.reset(reason, this.#now);
  }

  /** Opens a collector for each sample of the reference that wants one, which after a change may be several. */
  #openCollectors(): void {
    const reference = this.#track.present;
    if (reference === undefined) return;
    const earliest = (this.#clocks.base?.latency ?? -Infinity) - baseWidth(this.#options);
    for (const sample of reference.samples) {
      // A stream that has just followed another clock may still hold samples stamped by that one.
      const isAhead = sample.received - sample.instant < earliest;
      if (sample.hasPaced || sample.received + this.#options.deadline <= this.#now || isAhead) continue;
      const plan = this.#track.planFor(reference, sample);
      const { period } = this.#track;
      if (plan === 'same-instant' && this.#open.takeOver(reference, sample, period) === 'taken-over') {
        this.#track.noteOpened(reference, sample, this.#clocks.base?.latency);
      }
      if (plan === 'start-over') {
        const every = this.#streams.map(({ modality }) => modality);
        this.#startTimeline(`the sets bear the stamps of ${reference.modality} from here on`, every);
      }
      if (plan !== 'open' && plan !== 'start-over') continue;
      this.#open.open(reference, sample, this.#options.deadline, period, this.#track.last?.stamp);
      this.#track.noteOpened(reference, sample, this.#clocks.base?.latency);
    }
  }

  /** Learns from a new sample where its stream lies relative to the references, and whether it is of use to them. */
  #compareWithMarks(stream: Stream<T, S>, sample: HeldSample<T, S>): void {
    const { last, present } = this.#track;
    if (stream === present || last === undefined) return;
    stream.evidence.rhythm.observePhase(sample.instant - last.instant, last.stream.modality, this.#now);
    this.#open.compare(stream, sample, this.#now);
  }

  #probe(stream: Stream<T, S>, sample: HeldSample<T, S>): void {
    if (!stream.verdict.isContentInDoubt) return;
    if (this.#now - stream.probedAt < PROBE_INTERVAL) return;
    stream.probedAt = this.#now;
    this.#log.probe(stream, sample);
  }

  /** Closes what is due; returns how many. */
  #closeCollectors(): number {
    if (this.#open.count === 0) return 0;
    const mayCome = ({ verdict, overdueFrom }: Stream<T, S>) =>
      verdict.isUsable ? this.#now < overdueFrom : this.#grace.isRunning && verdict.state === 'waiting';
    const showedSomething = ({ evidence }: Stream<T, S>) => evidence.content.at(-1)?.sign.kind !== 'bad';
    for (let closed = 0; ; closed++) {
      const awaited = streamsAwaited(this.#streams, this.#options.models, mayCome, showedSomething);
      const outcome = this.#open.closeNext(awaited, this.#now);
      if (outcome === undefined) return closed;
      this.#tell(outcome);
    }
  }

  #tell(outcome: SyncOutcome<T, S>): void {
    if (outcome.kind !== 'dropped' && this.#stall.setCame(this.#now) === 'resumed') this.#log.resumed(this.#now);
    this.#log.outcome(outcome);
  }
}
