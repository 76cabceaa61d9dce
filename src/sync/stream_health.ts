import type { ContentQuality } from '../sensors/modality_image.js';
import { describeSensorReason, type SensorReason } from '../sensors/reason.js';
import type { AbsentReason } from './frame_set.js';
import { Hysteresis } from './hysteresis.js';
import { SECOND, type SynchronizerOptions } from './options.js';
import type { Reason } from './reason.js';
import type { StreamTiming } from './stream_timing.js';

export type ModalityState = 'waiting' | 'active' | 'late' | 'dropped' | 'recovering' | 'invalid' | 'disabled';

/** What decoding and looking at a sample found. Without a cause the message itself could not be read. */
export type ContentVerdict = ContentQuality | { kind: 'invalid'; reason: string; cause?: SensorReason };

/** What is wrong with a stream: as a reason to be absent, and in words. */
export interface Fault {
  absent: AbsentReason;
  detail: string;
  /** What the words were made from. */
  cause?: Reason;
}

/** Repeated stamps in a row that mean the clock of the sensor stands still; one or two are a stuttering driver. */
const STANDSTILL_AFTER = 3;
/** Silence that drops a stream whose period is not known yet: it may be a slow one. */
const UNKNOWN_PERIOD_SILENCE = SECOND;
/** No stream is late before this: packets of an event camera come every millisecond, schedulers pause for longer. */
const MIN_LATE_SILENCE = 0.05 * SECOND;

/**
 * Health of one stream. Four things can be wrong, each with its own evidence and its own way back: it is silent, its
 * content is bad, its stamps stand still, its stamps are out of step with the others. The state is read off them.
 */
export class StreamHealth {
  /** No message for too long. Comes back with messages. */
  readonly silence: Hysteresis<Fault>;
  /** Cannot be decoded, or shows nothing. Comes back with good verdicts. */
  readonly content: Hysteresis<Fault>;
  /** The same stamp again and again. Comes back with new stamps. */
  readonly standstill: Hysteresis<Fault>;
  /** Stamps that jumped, or that never lie near a reference in time. Comes back with samples that do. */
  readonly step: Hysteresis<Fault>;
  availability: 'enabled' | 'disabled';
  #options: SynchronizerOptions;
  /** Receive time of the last message, and of the last one that had a new stamp. */
  #lastMessage: number | undefined;
  #lastSample: number | undefined;
  #late: Fault | undefined;
  #blindTo: number | undefined;

  constructor(options: SynchronizerOptions, availability: 'enabled' | 'disabled') {
    const { invalidAfter, recoverAfter } = options;
    this.silence = new Hysteresis(1, recoverAfter);
    this.content = new Hysteresis(invalidAfter, recoverAfter);
    this.standstill = new Hysteresis(STANDSTILL_AFTER, recoverAfter);
    this.step = new Hysteresis(1, recoverAfter);
    this.availability = availability;
    this.#options = options;
  }

  /** Puts other thresholds in force; what was found so far stays. */
  retune(options: SynchronizerOptions): void {
    const { invalidAfter, recoverAfter } = options;
    this.silence.retune(1, recoverAfter);
    this.content.retune(invalidAfter, recoverAfter);
    this.standstill.retune(STANDSTILL_AFTER, recoverAfter);
    this.step.retune(1, recoverAfter);
    this.#options = options;
  }

  get state(): ModalityState {
    if (this.availability === 'disabled') return 'disabled';
    if (this.silence.fault !== undefined && !this.silence.recovering) return 'dropped';
    const judges = [this.silence, this.content, this.standstill, this.step];
    if (judges.some((judge) => judge.fault !== undefined && !judge.recovering)) return 'invalid';
    if (judges.some((judge) => judge.fault !== undefined)) return 'recovering';
    if (this.#lastSample === undefined) return 'waiting';
    return this.#late === undefined ? 'active' : 'late';
  }

  /** What the state stems from; `undefined` while active, waiting or disabled. */
  get fault(): Fault | undefined {
    if (this.silence.fault !== undefined && !this.silence.recovering) return this.silence.fault;
    const judges = [this.content, this.standstill, this.step];
    const unmended = judges.find((judge) => judge.fault !== undefined && !judge.recovering);
    return (unmended ?? judges.find((judge) => judge.fault !== undefined) ?? this.silence).fault ?? this.#late;
  }

  /** Whether its samples go into sets and are waited for. A late stream still is: it may just be slow this once. */
  get isUsable(): boolean {
    const { state } = this;
    return state === 'active' || state === 'late';
  }

  /** Why its samples do not go into sets; asked only while they do not. */
  get absentReason(): AbsentReason {
    const { state } = this;
    if (state === 'active') return 'unmatched';
    return state === 'invalid' ? (this.fault?.absent ?? 'invalid') : state;
  }

  /** Whether nothing is held against what it sends, be it silent or not. */
  get isTrusted(): boolean {
    const judges = [this.content, this.standstill, this.step];
    return this.availability === 'enabled' && judges.every((judge) => judge.fault === undefined);
  }

  /** Whether it would be usable if its stamps were in step. */
  get isUsableButForStep(): boolean {
    if (this.availability === 'disabled' || this.#lastSample === undefined) return false;
    return [this.silence, this.content, this.standstill].every((judge) => judge.fault === undefined);
  }

  /** Receive time of the last message, good or bad. */
  get lastMessage(): number | undefined {
    return this.#lastMessage;
  }

  /** A message with a new stamp came. */
  sampleCame(now: number): void {
    this.messageCame(now);
    this.#lastSample = now;
    this.#late = undefined;
    this.silence.good();
    this.standstill.good();
  }

  /** A message came that brought no new stamp: alive, but without progress. */
  messageCame(now: number): void {
    this.#lastMessage = now;
  }

  /** The verdict on the sample of a stamp; a second one on the same or an earlier sample says nothing new. */
  judgeContent(stamp: number, verdict: ContentVerdict): 'counted' | 'known' {
    if (this.#blindTo !== undefined && stamp <= this.#blindTo) return 'known';
    this.#blindTo = stamp;
    if (verdict.kind === 'good') this.content.good();
    else this.content.bad(contentFault(verdict));
    return 'counted';
  }

  /** When {@link judgeSilence} has something to say if nothing comes before; `Infinity` for never. */
  nextSilence(timing: StreamTiming): number {
    if (this.availability === 'disabled' || this.#lastMessage === undefined) return Infinity;
    if (this.silence.fault !== undefined && !this.silence.recovering) return Infinity;
    const drop = this.#lastMessage + this.#dropAfter(timing);
    if (this.#late !== undefined || this.#lastSample === undefined) return drop;
    return Math.min(drop, this.#lastSample + this.#lateAfter(timing));
  }

  judgeSilence(now: number, timing: StreamTiming): void {
    if (now < this.nextSilence(timing)) return;
    const dropAfter = this.#dropAfter(timing);
    if (this.#lastMessage !== undefined && now >= this.#lastMessage + dropAfter) {
      this.silence.trip({ absent: 'dropped', detail: `no message for ${seconds(dropAfter)}` });
    } else {
      this.#late = { absent: 'late', detail: `no new sample for ${seconds(this.#lateAfter(timing))}` };
    }
  }

  /** Back to waiting, as if no message had ever come; what is disabled stays so. */
  rearm(): void {
    for (const judge of [this.silence, this.content, this.standstill, this.step]) judge.clear();
    this.#lastMessage = undefined;
    this.#lastSample = undefined;
    this.#late = undefined;
    this.forgetVerdicts();
  }

  /** Stamps start anew, so that verdicts on earlier ones must not hide the coming ones. */
  forgetVerdicts(): void {
    this.#blindTo = undefined;
  }

  #lateAfter(timing: StreamTiming): number {
    return Math.max(this.#options.latePeriods * timing.assumedPeriod, MIN_LATE_SILENCE);
  }

  #dropAfter(timing: StreamTiming): number {
    if (timing.period === undefined) return Math.max(UNKNOWN_PERIOD_SILENCE, this.#options.dropSilence);
    return Math.max(this.#options.dropPeriods * timing.period, this.#options.dropSilence);
  }
}

function contentFault(verdict: Exclude<ContentVerdict, { kind: 'good' }>): Fault {
  if (verdict.kind === 'invalid') {
    const { reason, cause = { code: 'undecodable', detail: reason } } = verdict;
    return { absent: 'invalid', detail: reason, cause };
  }
  const cause = { code: verdict.reason };
  return { absent: verdict.reason, detail: describeSensorReason(cause), cause };
}

function seconds(time: number): string {
  return `${(time / SECOND).toFixed(2)} s`;
}
