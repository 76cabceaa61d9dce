import { MILLISECOND, SECOND } from './options.js';
import type { StampValue } from './origin.js';

/** A stretch of time is at least so long, and holds so many messages at least. */
const STRETCH = 0.5 * SECOND;
const LEAST_MESSAGES = 3;
/** Stretches that show a pace, so that a clock that was set is not taken for one that runs at another. */
const STRETCHES = 5;
/** Slopes from stretch to stretch are one slope where they differ by this, or by this part of it. */
const SAME_SLOPE = 0.05;
const SAME_SLOPE_PART = 0.25;
/** A stream has a say until it is silent for so long, in its periods. */
const SAY_PERIODS = 4;
/** Paces of streams that differ by this part are one. */
const AGREEMENT = 0.1;

/** Messages at least so far apart that show at once that the receive clock is right again, and the slope they stay under. */
const RECENT = 4;
const RECENT_APART = 40 * MILLISECOND;
const LEVEL = 0.05;

/** The least delay within one stretch of time, and when it was. */
interface Stretch {
  readonly start: number;
  at: number;
  delay: number;
  messages: number;
}

interface Heard {
  /** Delays are relative to it. */
  readonly origin: StampValue;
  last: number;
  present: Stretch;
  readonly past: Stretch[];
  readonly recent: { readonly at: number; readonly delay: number }[];
}

/**
 * How much slower than their stamps the messages of all streams come: 1 where both clocks run alike, 2 where a recording
 * is played at half of its pace, or a simulator runs at half of real time, below 1 where they are faster. Of one stream
 * alone it would be a clock that runs wrong; where all agree, it is the receive clock that is not the one they are stamped
 * by. Told by how the least delays of stretches of time follow each other, so that bursts, pauses and clocks that are set
 * have no say.
 */
export class StampPace {
  readonly #streams = new Map<string, Heard>();

  /**
   * A stamp came.
   * @returns whether {@link slowness} may have changed
   */
  hear(modality: string, stamp: StampValue, now: number): 'changed' | 'as-before' {
    const heard = this.#streams.get(modality);
    if (heard === undefined || now < heard.last) {
      const present = { start: now, at: now, delay: now, messages: 1 };
      this.#streams.set(modality, { origin: stamp, last: now, present, past: [], recent: [] });
      return 'as-before';
    }
    heard.last = now;
    const { present, past, origin } = heard;
    const delay = now - (typeof stamp === 'bigint' ? Number(stamp - BigInt(origin)) : stamp - Number(origin));
    const { recent } = heard;
    if (recent.length === 0 || now >= recent.at(-1)!.at + RECENT_APART) recent.push({ at: now, delay });
    if (recent.length > RECENT) recent.shift();
    if (now < present.start + STRETCH || present.messages < LEAST_MESSAGES) {
      present.messages++;
      if (delay < present.delay) Object.assign(present, { delay, at: now });
      return 'as-before';
    }
    past.push(present);
    if (past.length > STRETCHES) past.shift();
    heard.present = { start: now, at: now, delay, messages: 1 };
    return 'changed';
  }

  /**
   * Of the streams that speak; 1 where they do not agree, or too little is known.
   * @param before - what was found before: it stays until most say otherwise
   */
  slowness(before: number, now: number): number {
    const figures: number[] = [];
    for (const heard of this.#streams.values()) {
      const figure = slownessOf(heard, now, before === 1 ? 'all-alike' : 'most-alike');
      if (figure !== undefined) figures.push(figure);
    }
    figures.sort((one, other) => one - other);
    const middle = figures[(figures.length - 1) >> 1];
    if (middle === undefined) return 1;
    const agreeing = figures.filter((figure) => Math.abs(figure / middle - 1) <= AGREEMENT).length;
    return before === 1 ? (agreeing === figures.length ? middle : 1) : agreeing * 2 > figures.length ? middle : 1;
  }

  /** Whether the last messages of most streams came as fast as by their stamps. */
  isLevel(now: number): boolean {
    const speaking = [...this.#streams.values()].filter((heard) => hasSay(heard, now));
    return 2 * speaking.filter(isLevel).length > speaking.length;
  }

  /** Waits for new stamps of every stream. */
  forget(): void {
    this.#streams.clear();
  }
}

function hasSay({ past, last }: Heard, now: number): boolean {
  if (past.length === 0) return false;
  const messages = past.reduce((sum, stretch) => sum + stretch.messages, 0);
  return now - last <= (SAY_PERIODS * (last - past[0]!.start)) / messages;
}

function isLevel({ recent }: Heard): boolean {
  if (recent.length < RECENT) return false;
  const [first, last] = [recent[0]!, recent.at(-1)!];
  return Math.abs(last.delay - first.delay) < LEVEL * (last.at - first.at);
}

/** Of one stream, `undefined` where it has no say; 1 where its slopes are not alike. */
function slownessOf(heard: Heard, now: number, slopes: 'all-alike' | 'most-alike'): number | undefined {
  const { past } = heard;
  if (past.length < STRETCHES || !hasSay(heard, now)) return undefined;
  const found = past.slice(1).map(({ at, delay }, index) => (delay - past[index]!.delay) / (at - past[index]!.at));
  const sorted = [...found].sort((one, other) => one - other);
  const slope = (sorted[1]! + sorted[2]!) / 2;
  const width = Math.max(SAME_SLOPE, SAME_SLOPE_PART * Math.abs(slope));
  const isOne = slopes === 'most-alike' || found.every((each) => Math.abs(each - slope) <= width);
  return isOne && slope < 1 ? 1 / (1 - slope) : 1;
}
