import type { SensorReason } from '../sensors/reason.js';
import type { ContentVerdict } from './content.js';
import { SECOND, type SynchronizerOptions } from './options.js';
import type { StampValue } from './origin.js';
import { draftInRealTime, eventInRealTime, statusInRealTime } from './real_time.js';
import { StampPace } from './stamp_pace.js';
import { StretchedClock } from './stretched_clock.js';
import type { SetDraft, SyncEvent, SynchronizerStatus } from './sync_event.js';
import { SynchronizerCore } from './synchronizer_core.js';

/** Within these bounds drivers and clocks differ by themselves, and the receive clock is followed. */
const OWN_PACE = { least: 0.87, most: 1.15 };
/** From here on it is told, until it is within {@link OWN_PACE} again. */
const TOLD_SLOWNESS = 1.2;
/** Nothing beyond is followed: stamps that hardly move are a clock that stands still. */
const FOLLOWED = { least: 0.05, most: 20 };
/** Beyond these bounds a few messages tell that stamps keep pace again. */
const FAR_OFF = { least: 0.75, most: 1.3 };
/** A pace that differs by less from the one in force is that one. */
const SAME_PACE = 0.05;
/** What has been held up is worked off faster than it was stamped, for a while. */
const FAST_FOR = 3 * SECOND;

/**
 * Brings samples of several sensors together into sets; what it promises and how it works stands at the head of
 * `index.ts`. This class keeps to the receive clock where sensors are stamped by it, and follows the stamps' pace where all
 * of them run at another one; what happens when is said by {@link SynchronizerCore}.
 * @typeParam T - payload of a sample; kept and handed on, never looked at
 * @typeParam S - stamps: `bigint` for absolute nanoseconds, which are kept exactly, or numbers that count from a start
 */
export class Synchronizer<T, S extends StampValue = number> {
  readonly #core: SynchronizerCore<T, S>;
  readonly #pace = new StampPace();
  readonly #clock = new StretchedClock();
  #isTold = false;
  #fastSince = -Infinity;

  #options: SynchronizerOptions;

  /** @throws Error when the options contradict themselves */
  constructor(options: SynchronizerOptions) {
    this.#options = options;
    this.#core = new SynchronizerCore(options);
  }

  /**
   * Takes a sample in. Call {@link advance} afterwards.
   * @param stamp - sensor time, ns
   * @param now - receive time, ns; never goes back except when its clock is reset
   * @throws Error when no stream has that modality
   */
  push(modality: string, stamp: S, value: T, now: number): void {
    const heard = this.#pace.hear(modality, stamp, now);
    const { slowness } = this.#clock;
    const isFarOff = slowness < FAR_OFF.least || slowness > FAR_OFF.most;
    if (isFarOff && this.#pace.isLevel(now)) this.#setPace(1, now);
    else if (heard === 'changed') this.#followPace(now);
    this.#core.push(modality, stamp, value, this.#clock.ownTime(now));
  }

  /** A message came that yields no sample: its header cannot be read. Call {@link advance} afterwards. */
  reportInvalid(modality: string, reason: string, now: number, cause?: SensorReason): void {
    this.#core.reportInvalid(modality, reason, this.#clock.ownTime(now), cause);
  }

  /**
   * The verdict on a sample that was decoded, from a set or a probe. One on a stamp judged before is ignored, so a
   * sample that served two sets may be reported twice. Call {@link advance} afterwards.
   */
  reportContent(modality: string, stamp: S, verdict: ContentVerdict, now: number): void {
    this.#core.reportContent(modality, stamp, verdict, this.#clock.ownTime(now));
  }

  /** Does what is due by `now` and returns everything that has happened since the last call, in order. */
  advance(now: number): SyncEvent<T, S>[] {
    const events = this.#core.advance(this.#clock.ownTime(now));
    return this.#clock.isReal ? events : events.map((event) => eventInRealTime(event, this.#clock));
  }

  /** Receive time at which {@link advance} has something to do if no input comes before; `undefined` for never. */
  nextWakeUp(): number | undefined {
    const due = this.#core.nextWakeUp();
    return due === undefined ? undefined : this.#clock.realTimeFrom(due);
  }

  /**
   * What is as good as certain of the oldest set that is being collected, to be decoded while the rest is waited for.
   * Undefined while none is. Changes nothing.
   */
  draft(): SetDraft<T, S> | undefined {
    const draft = this.#core.draft();
    return draft === undefined || this.#clock.isReal ? draft : draftInRealTime(draft, this.#clock);
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
    this.#core.retune(ownOptions(options, this.#clock.slowness));
    this.#options = options;
  }

  /** Takes a modality out of the sets, or back in. Call {@link advance} afterwards. */
  setEnabled(modality: string, availability: 'enabled' | 'disabled'): void {
    this.#core.setEnabled(modality, availability);
  }

  /**
   * Nothing was listened to since the last call: the silence up to `now` says nothing about any stream, and each stands as it
   * did then. Samples that were held, and sets in the making, are let go of, untold. Call {@link advance} afterwards.
   */
  resume(now: number): void {
    this.#pace.forget();
    this.#core.resume(this.#clock.ownTime(now));
  }

  /**
   * The caller took nothing in during the last `by` up to `now`, and what came meanwhile is still to be pushed: its silence
   * says nothing about any stream, and no set has waited for that long. Call {@link advance} afterwards.
   * @param by - ns
   */
  heldUp(by: number, now: number): void {
    const own = this.#clock.ownTime(now);
    this.#core.heldUp(own - this.#clock.ownTime(now - by), own);
  }

  /** Clears all samples and stamps and waits for every stream anew; counters and learned rhythms stay. */
  reset(reason: string): void {
    this.#pace.forget();
    this.#core.reset(reason);
  }

  /** How things stand at the time of the last call. */
  status(): SynchronizerStatus {
    const status = this.#core.status();
    return this.#clock.isReal ? status : statusInRealTime(status, this.#clock);
  }

  #followPace(now: number): void {
    const { slowness: before } = this.#clock;
    const seen = this.#pace.slowness(before, now);
    if (seen >= OWN_PACE.least || now < this.#fastSince) this.#fastSince = now;
    const isBacklog = seen < 1 && now < this.#fastSince + FAST_FOR;
    const isOwn = (seen >= OWN_PACE.least && seen <= OWN_PACE.most) || seen < FOLLOWED.least || seen > FOLLOWED.most;
    const slowness = isBacklog || isOwn ? 1 : seen;
    if (slowness === 1 ? before !== 1 : Math.abs(slowness / before - 1) >= SAME_PACE) this.#setPace(slowness, now);
  }

  #setPace(slowness: number, now: number): void {
    const { slowness: before } = this.#clock;
    const own = this.#clock.ownTime(now);
    this.#clock.setSlowness(slowness, now);
    this.#core.retune(ownOptions(this.#options, slowness));
    this.#isTold = slowness !== 1 && (this.#isTold || slowness < 1 || slowness >= TOLD_SLOWNESS);
    this.#core.stretch(before / slowness, this.#isTold ? { code: 'other-pace', pace: 1 / slowness } : undefined, own);
    if (slowness === 1) this.#pace.forget();
  }
}

/** What takes time on its way takes no less where stamps run fast: those waits keep their length by the receive clock. */
function ownOptions(options: SynchronizerOptions, slowness: number): SynchronizerOptions {
  if (slowness >= 1) return options;
  const { deadline, dropSilence } = options;
  return { ...options, deadline: deadline / slowness, dropSilence: dropSilence / slowness };
}
