import { millisecondsBetween, type Stamp } from '../../messages/index.js';

/** How messages of one topic come: over the last seconds where nothing else is said. */
export interface TopicFigures {
  /** Since the beginning. */
  messages: number;
  /** Since the beginning. */
  bytes: number;
  /** Since the beginning: messages whose stamp is not later than that of the one before. */
  nonIncreasing: number;
  /** Messages a second by their arrival and by their stamps; undefined where too few came to tell. */
  rateHz: number | undefined;
  /** From the first of the last seconds' messages to the last of them: what `rateHz` is the rate of. */
  spanMs: number;
  stampRateHz: number | undefined;
  /**
   * Rate of the shortest distance between stamps, where all others are multiples of it: messages lie on a rhythm, and
   * where `stampRateHz` is lower some of them were lost. Undefined where there is no such rhythm.
   */
  steadyHz: number | undefined;
  /** Distance of the intervals from their mean, by arrival and by stamps. */
  jitter: Jitter | undefined;
  stampJitter: Jitter | undefined;
  /** Mean time from stamp to arrival; undefined without messages that have a stamp. */
  delayMs: number | undefined;
  /** Time since the last message; undefined before the first. */
  silentForMs: number | undefined;
}

export interface Jitter {
  meanMs: number;
  maxMs: number;
}

/** Rates are those of this time: long enough for a sensor of 1 Hz, short enough to follow a change. */
const WINDOW_MS = 5000;
/** Messages remembered; event cameras send up to a thousand a second, and of those the last second does. */
const CAPACITY = 1024;

/**
 * Measures one topic: a ring of the latest arrivals, read out when somebody asks. Times are kept relative to the first
 * message, since a double holds no absolute nanoseconds.
 */
export class TopicMeter {
  readonly #arrivalsMs = new Float64Array(CAPACITY);
  /** NaN for a message without stamp. */
  readonly #stampsMs = new Float64Array(CAPACITY);
  #origin: Stamp | undefined;
  #messages = 0;
  #bytes = 0;
  #nonIncreasing = 0;
  #last: Stamp | undefined;
  #lastStamp: Stamp | undefined;
  /** Number of the first message of this time line. */
  #start = 0;

  /**
   * Takes note of a message.
   * @param received - time of arrival
   * @param stamp - the message's own stamp, if it has one
   */
  note(received: Stamp, stamp: Stamp | undefined, bytes: number): void {
    // A clock that is set back (a bag that starts again) would mix two time lines.
    if (this.#last !== undefined && received < this.#last) this.startOver();
    this.#origin ??= received;
    const slot = this.#messages % CAPACITY;
    this.#arrivalsMs[slot] = millisecondsBetween(this.#origin, received);
    this.#stampsMs[slot] = stamp === undefined ? Number.NaN : millisecondsBetween(this.#origin, stamp);
    if (stamp !== undefined && this.#lastStamp !== undefined && stamp <= this.#lastStamp) this.#nonIncreasing++;
    this.#messages++;
    this.#bytes += bytes;
    this.#last = received;
    this.#lastStamp = stamp ?? this.#lastStamp;
  }

  /** The figures as of now. */
  figures(now: Stamp): TopicFigures {
    const { arrivals, stamps } = this.#window(now);
    const delays = stamps.map((stamp, index) => arrivals[index]! - stamp);
    const stamped = stamps.filter((stamp) => !Number.isNaN(stamp));
    const byArrival = rhythm(arrivals);
    const byStamp = rhythm(stamped);
    return {
      messages: this.#messages,
      bytes: this.#bytes,
      nonIncreasing: this.#nonIncreasing,
      rateHz: byArrival?.hz,
      spanMs: byArrival?.spanMs ?? 0,
      stampRateHz: byStamp?.hz,
      steadyHz: steadyRate(stamped),
      jitter: byArrival?.jitter,
      stampJitter: byStamp?.jitter,
      delayMs: stamped.length === 0 ? undefined : mean(delays.filter((delay) => !Number.isNaN(delay))),
      silentForMs: this.#last === undefined ? undefined : Math.max(0, millisecondsBetween(this.#last, now)),
    };
  }

  /** Arrivals of the last seconds with their stamps, oldest first. */
  #window(now: Stamp): { arrivals: number[]; stamps: number[] } {
    const arrivals: number[] = [];
    const stamps: number[] = [];
    if (this.#origin === undefined) return { arrivals, stamps };
    const from = millisecondsBetween(this.#origin, now) - WINDOW_MS;
    for (let index = Math.max(this.#start, this.#messages - CAPACITY); index < this.#messages; index++) {
      const arrival = this.#arrivalsMs[index % CAPACITY]!;
      if (arrival < from) continue;
      arrivals.push(arrival);
      stamps.push(this.#stampsMs[index % CAPACITY]!);
    }
    return { arrivals, stamps };
  }

  /** Rates are those of what comes from now on; what was counted stays. */
  startOver(): void {
    this.#start = this.#messages;
    this.#origin = undefined;
    this.#lastStamp = undefined;
  }
}

/** Rate and jitter of points in time; undefined below two, and where they do not advance. */
function rhythm(times: readonly number[]): { hz: number; spanMs: number; jitter: Jitter } | undefined {
  const span = times.at(-1)! - times[0]!;
  if (times.length < 2 || !(span > 0)) return undefined;
  const interval = span / (times.length - 1);
  const deviations = times.slice(1).map((time, index) => Math.abs(time - times[index]! - interval));
  return { hz: 1000 / interval, spanMs: span, jitter: { meanMs: mean(deviations), maxMs: Math.max(...deviations) } };
}

/** Intervals that tell of a rhythm: by chance a few may look like one. */
const LEAST_INTERVALS = 4;
/** How far an interval may lie from a multiple of the shortest, as a share of it. */
const OFF_RHYTHM = 0.15;

function steadyRate(stamps: readonly number[]): number | undefined {
  const intervals = stamps.slice(1).map((stamp, index) => stamp - stamps[index]!);
  const shortest = Math.min(...intervals);
  if (intervals.length < LEAST_INTERVALS || !(shortest > 0)) return undefined;
  const isOnRhythm = intervals.every((interval) => {
    const periods = interval / shortest;
    return Math.abs(periods - Math.round(periods)) < OFF_RHYTHM;
  });
  return isOnRhythm ? 1000 / shortest : undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
