import { type Clock, type Reading, readClock } from './clock.js';
import type { AbsentReason } from './frame_set.js';
import { MEMORY, MILLISECOND, SECOND, type StreamOptions, type SynchronizerOptions } from './options.js';
import type { Reason } from './reason.js';
import { Rhythm } from './rhythm.js';
import type { Sign } from './signs.js';

/** What is wrong with a stream: as a reason to be absent, and as a code with its data. */
export interface Fault {
  readonly absent: AbsentReason;
  readonly cause: Reason;
}

/** A message that came. */
export interface Arrival {
  readonly at: number;
  /** Time since the message before; `undefined` for the first. */
  readonly gap: number | undefined;
  /** A sample with a stamp that follows the one before, a message without a usable stamp, or one that yields none. */
  readonly stamp: Sign<Reason> | undefined;
}

/** What was found in a message: that its head cannot be read, or what decoding says of the rest. */
export interface Finding {
  readonly at: number;
  readonly about: 'head' | 'content';
  readonly sign: Sign<Fault>;
}

/** What came of one set for a stream that was not its reference. */
export interface SetRecord {
  /** When it was closed; `undefined` while it is the next one. */
  at: number | undefined;
  /** Samples that came since the set before. */
  samples: number;
  /** Of these, and of older ones, those that lay near a reference in time to be of use. */
  inStep: number;
  /** By how much the last sample came too late for the set it belonged to. */
  missedBy: number | undefined;
  /** Distance of the stream's last sample from the reference, and which that was. */
  distance: number;
  reference: string;
}

/** Readings kept, one for each slot of this length: those of a burst, and the packets of an event camera, count once. */
const SLOT = 25 * MILLISECOND;
/** A reading is not changed for less than this. */
const NEGLIGIBLE = MILLISECOND;
/** How long readings are kept. It is short, because other evidence rests on which stream paces by them. */
const READING_MEMORY = SECOND;
/** Readings kept of a slow stream, however old. */
const LEAST_READINGS = 5;
/** Arrivals kept beside those that `recoverAfter` asks for. */
const ARRIVALS = 16;
const SET_RECORDS = 256;
/** How long records of sets are kept, in periods of the stream. */
const SET_MEMORY_PERIODS = 5.5;

/**
 * What is remembered of one stream: its last arrivals, what was seen in them, and nothing else. Every verdict on the
 * stream is drawn from this anew, see `judge.ts`, so that nothing can stick.
 */
export class Evidence {
  readonly modality: string;
  availability: 'enabled' | 'disabled';
  readonly rhythm: Rhythm;
  readonly readings: Reading[] = [];
  readonly arrivals: Arrival[] = [];
  readonly content: Finding[] = [];
  readonly sets: SetRecord[] = [newRecord()];
  /** Receive time of the last message, and of the last one that was taken in as a sample. */
  lastMessage: number | undefined;
  lastSample: number | undefined;
  /** What {@link Baseline} has to say. */
  longTerm: Reason | undefined;
  /** Whether something has come to it since it was judged. */
  isNew = true;
  #settings: SynchronizerOptions;
  /** What the readings say, worked out when asked for. */
  #clock: { width: number; clock: Clock } | undefined;
  /** Verdicts up to this instant have been counted. */
  #judgedTo: number | undefined;

  constructor(options: StreamOptions, settings: SynchronizerOptions) {
    this.modality = options.modality;
    this.availability = options.availability;
    this.rhythm = new Rhythm(options.period);
    this.#settings = settings;
  }

  retune(options: StreamOptions, settings: SynchronizerOptions): void {
    this.rhythm.retune(options.period);
    this.#settings = settings;
  }

  /** What the readings say about the clock; `undefined` before the first. */
  clock(width: number): Clock | undefined {
    if (this.readings.length === 0) return undefined;
    if (this.#clock?.width !== width) this.#clock = { width, clock: readClock(this.readings, width) };
    return this.#clock.clock;
  }

  /**
   * A stamp came, usable or not.
   * @param delay - how late it is by the stream's clock
   * @returns whether it says anything new
   */
  read(delay: number, now: number): 'new' | 'known' {
    const last = this.readings.at(-1);
    if (last !== undefined && Math.floor(last.received / SLOT) === Math.floor(now / SLOT)) {
      if (delay >= last.delay - NEGLIGIBLE) return 'known';
      this.readings[this.readings.length - 1] = { received: last.received, delay };
    } else {
      this.readings.push({ received: now, delay });
      while (this.readings.length > LEAST_READINGS && now - this.readings[0]!.received > READING_MEMORY)
        this.readings.shift();
    }
    this.#clock = undefined;
    this.isNew = true;
    return 'new';
  }

  /** Whether the stamp of the last message could not be right. */
  get isRefused(): boolean {
    return isRefused(this.arrivals.at(-1)?.stamp);
  }

  /** A message came; `stamp` is what its stamp says, where it has one. */
  arrive(stamp: Arrival['stamp'], now: number): void {
    this.arrivals.push({ at: now, gap: this.lastMessage === undefined ? undefined : now - this.lastMessage, stamp });
    if (this.arrivals.length > ARRIVALS + this.#settings.recoverAfter) this.arrivals.shift();
    this.lastMessage = now;
    this.isNew = true;
    if (stamp?.kind !== 'good') return;
    this.lastSample = now;
    this.sets.at(-1)!.samples++;
  }

  /** What decoding found in a sample; a second verdict on the same or an earlier one says nothing new. */
  see(instant: number, sign: Sign<Fault>, now: number): 'counted' | 'known' {
    if (this.#judgedTo !== undefined && instant <= this.#judgedTo) return 'known';
    this.#judgedTo = instant;
    this.find({ at: now, about: 'content', sign });
    return 'counted';
  }

  /** What was found in a message, whichever it was. */
  find(finding: Finding): void {
    const { invalidAfter, recoverAfter } = this.#settings;
    this.isNew = true;
    this.content.push(finding);
    if (this.content.length > 2 * invalidAfter + recoverAfter) this.content.shift();
  }

  /** A sample lay near a reference in time to be of use. */
  noteInStep(): void {
    this.sets.at(-1)!.inStep++;
    this.isNew = true;
  }

  /** A sample came too late by this much for a set that had waited for it. */
  noteMissed(by: number): void {
    this.sets.at(-1)!.missedBy = by;
  }

  /** A set was closed for which another stream was the reference. */
  noteSetClosed(reference: string, distance: number, now: number): void {
    const record = this.sets.at(-1)!;
    record.at = now;
    record.reference = reference;
    record.distance = distance;
    this.isNew ||= record.inStep === 0;
    this.sets.push(newRecord());
    const memory = Math.max(MEMORY, SET_MEMORY_PERIODS * this.rhythm.assumedPeriod);
    const isOld = ({ at }: SetRecord) => at !== undefined && Math.abs(now - at) > memory;
    while (this.sets.length > SET_RECORDS || isOld(this.sets[0]!)) this.sets.shift();
  }

  /** All delays grow by this much, because the origin of instants or the stream's offset has changed. */
  shiftDelays(by: number): void {
    this.readings.forEach(({ received, delay }, index) => {
      this.readings[index] = { received, delay: delay + by };
    });
    this.#clock = undefined;
    if (this.#judgedTo !== undefined) this.#judgedTo -= by;
  }

  /** Takes everything as if the time up to `now` had been this many times as long. */
  stretch(factor: number, now: number): void {
    const stretched = (at: number) => now - (now - at) * factor;
    this.readings.forEach(({ received, delay }, index) => {
      this.readings[index] = { received, delay: delay + stretched(received) - received };
    });
    this.arrivals.forEach(({ at, gap, stamp }, index) => {
      this.arrivals[index] = { at, gap: gap === undefined ? undefined : gap * factor, stamp };
    });
    this.#move(stretched);
    this.rhythm.stretch(factor, now);
  }

  /** Silence counts from now on only. */
  restartSilence(now: number): void {
    if (this.lastMessage !== undefined) this.lastMessage = now;
    if (this.lastSample !== undefined) this.lastSample = now;
    this.isNew = true;
  }

  /** Takes everything as if it had come later by so much. */
  skip(by: number): void {
    this.#move((at) => at + by);
    this.rhythm.skip(by);
  }

  /** Moves all that happened to other moments; delays and gaps stay. */
  #move(moved: (at: number) => number): void {
    this.readings.forEach(({ received, delay }, index) => {
      this.readings[index] = { received: moved(received), delay };
    });
    this.arrivals.forEach((arrival, index) => {
      this.arrivals[index] = { ...arrival, at: moved(arrival.at) };
    });
    this.content.forEach((finding, index) => {
      this.content[index] = { ...finding, at: moved(finding.at) };
    });
    for (const record of this.sets) if (record.at !== undefined) record.at = moved(record.at);
    if (this.lastMessage !== undefined) this.lastMessage = moved(this.lastMessage);
    if (this.lastSample !== undefined) this.lastSample = moved(this.lastSample);
    this.#clock = undefined;
    this.isNew = true;
  }

  /**
   * The stream's instants start anew: verdicts on earlier ones must not hide the coming ones, nor sets count. Stamps that
   * were refused were the first of the new ones.
   */
  startTimeline(): void {
    this.arrivals.forEach(({ at, gap, stamp }, index) => {
      if (isRefused(stamp)) this.arrivals[index] = { at, gap, stamp: { kind: 'good' } };
    });
    this.#judgedTo = undefined;
    this.isNew = true;
    this.sets.splice(0, this.sets.length, newRecord());
  }

  /** As if no message had ever come; the rhythm stays. */
  forget(): void {
    this.readings.length = 0;
    this.#clock = undefined;
    this.arrivals.length = 0;
    this.content.length = 0;
    this.lastMessage = undefined;
    this.lastSample = undefined;
    this.startTimeline();
  }
}

function newRecord(): SetRecord {
  return { at: undefined, samples: 0, inStep: 0, missedBy: undefined, distance: 0, reference: '' };
}

function isRefused(stamp: Arrival['stamp']): boolean {
  return stamp?.kind === 'bad' && stamp.fault.code === 'stamp-refused';
}
