import { type Clock, STEADY } from './clock.js';
import { judgeContent } from './doubts.js';
import type { Arrival, Evidence } from './evidence.js';
import { baseWidth, type SynchronizerOptions } from './options.js';
import type { Reason } from './reason.js';
import { votesFor } from './silence.js';
import { findTimeBase, type TimeBase, type Voter } from './time_base.js';

/** What the evidence says about the clocks. */
export interface Clocks {
  readonly base: TimeBase | undefined;
  /** Of every stream that has ever sent a stamp; the latency is the one by which its next sample is judged. */
  readonly streams: ReadonlyMap<string, Clock>;
  /** Streams that arrive so long before most others that they cannot pace them. */
  readonly early: ReadonlyMap<string, Reason>;
}

/** Before any stamp has come. */
export const NO_CLOCKS: Clocks = { base: undefined, streams: new Map(), early: new Map() };

/** Stamps repeated in a row that say nothing about the time any more. */
const STANDSTILL_AFTER = 3;

/**
 * Reads the clock of every stream and finds the time most of those that speak agree on.
 * @param heldUp - by how much latencies may have been read too high, because nothing was taken in for as long
 */
export function judgeClocks(
  evidence: readonly Evidence[],
  options: SynchronizerOptions,
  now: number,
  heldUp = 0,
): Clocks {
  const width = baseWidth(options);
  const streams = new Map<string, Clock>();
  const voters: Voter[] = [];
  for (const each of evidence) {
    const { modality, readings } = each;
    const clock = each.availability === 'enabled' ? each.clock(width) : undefined;
    if (clock === undefined) continue;
    streams.set(modality, clock);
    // One that is silent or repeats itself says nothing about the time.
    if (now >= readings.at(-1)!.received + votesFor(each)) continue;
    if (isStandingStill(each)) continue;
    const rank = options.referencePriority.indexOf(modality);
    // Nor is a time base of use on which the only one that may pace shows nothing.
    const mayPace = rank >= 0 && judgeContent(each, options).fault === undefined;
    voters.push({ modality, clock, rank: mayPace ? rank : Infinity });
  }
  const base = findTimeBase(voters, width);
  for (const [modality, latency] of base?.members ?? []) streams.set(modality, { ...streams.get(modality)!, latency });
  return { base, streams, early: findEarly(base, streams, options, heldUp) };
}

/** Whether the newest sample of a stream came when it should, and not out of a backlog, from which no set can be made. */
export function isOnTime({ streams }: Clocks, modality: string, options: SynchronizerOptions): boolean {
  const clock = streams.get(modality);
  return clock === undefined || clock.last - clock.latency <= baseWidth(options);
}

/** Whether there is nothing to be said against any clock. */
export function isAgreed({ base, streams, early }: Clocks): boolean {
  return base !== undefined && base.members.size === streams.size && early.size === 0;
}

/** Finds the streams that could not pace the others, because the wait would end before most of them are there. */
function findEarly(
  base: TimeBase | undefined,
  clocks: ReadonlyMap<string, Clock>,
  { deadline }: SynchronizerOptions,
  heldUp: number,
): Map<string, Reason> {
  const early = new Map<string, Reason>();
  if (base === undefined || base.members.size < 3) return early;
  for (const [modality, own] of base.members) {
    let by = Infinity;
    let later = 0;
    for (const [other, latency] of base.members) {
      // The first messages of a start may all have waited.
      if (latency - own <= deadline + heldUp || clocks.get(other)!.steadyFor < STEADY) continue;
      by = Math.min(by, latency - own);
      later++;
    }
    if (later * 2 > base.members.size - 1) early.set(modality, { code: 'too-early', by, deadline });
  }
  return early;
}

function isStandingStill({ arrivals }: Evidence): boolean {
  const isRepeat = ({ stamp }: Arrival) => stamp?.kind === 'bad' && stamp.fault.code === 'stamps-stand-still';
  return arrivals.length >= STANDSTILL_AFTER && arrivals.slice(-STANDSTILL_AFTER).every(isRepeat);
}
