import { SECOND } from './options.js';

/** How late samples were at one time: receive time minus instant, the smallest of those that came together. */
export interface Reading {
  readonly received: number;
  readonly delay: number;
}

/** What the readings of one stream say about its clock. */
export interface Clock {
  /** The least delay but one on its present clock. Queues, bursts and losses only ever add to it. */
  readonly latency: number;
  /** For how long delays have stayed near it without a break. */
  readonly steadyFor: number;
  /** Whether there was a break lately: a late message, a backlog, a clock that was set. */
  readonly isUnsteady: boolean;
  /** Bounds of the newest readings' delays, two of them at least, where these are a while apart. */
  readonly recent: { readonly least: number; readonly most: number } | undefined;
  /** The newest delay. */
  readonly last: number;
}

/** Readings that show a clock that was set: so many ... */
const PLATEAU_READINGS = 3;
/** ... over so long a time ... */
const PLATEAU_SPAN = 0.2 * SECOND;
/** ... that differ by less than this part of it. What was held up and is now worked off comes ever earlier. */
const PLATEAU_SLOPE = 0.25;
/** A stream has had its clock for a while: nearly as long as readings are kept. */
export const STEADY = 0.7 * SECOND;
/** Readings that bring a stream back to the others: two, not those of one burst. */
const RECENT_READINGS = 2;
const RECENT_SPAN = 0.05 * SECOND;

/**
 * The minimum filter of NTP (RFC 5905, clock filter algorithm): whatever happens on the way only makes a sample later, so
 * the least delay of the last readings (but for one) is the latency of the stream, in stamps that may be of any epoch. A
 * reading far from it is one wrong stamp or one late message; several in a row that agree with each other are a clock that was set.
 * @param readings - at least one, oldest first
 * @param bound - by how much delays of one clock differ
 */
export function readClock(readings: readonly Reading[], bound: number): Clock {
  let least = readings[0]!.delay;
  let second = Infinity;
  let latency = least;
  let away: { from: number; side: number } | undefined;
  for (let index = 1; index < readings.length; index++) {
    const { delay } = readings[index]!;
    const distance = Math.abs(delay - latency);
    // A clock that was set by just about the bound has readings on either side of it.
    const isAway = away !== undefined && Math.abs(delay - readings[index - 1]!.delay) < distance;
    if (distance <= bound && !isAway) {
      second = Math.min(second, Math.max(least, delay));
      least = Math.min(least, delay);
      latency = second;
      away = undefined;
      continue;
    }
    const side = Math.sign(delay - latency);
    if (away?.side !== side) away = { from: index, side };
    const plateau = findPlateau(readings, away.from, index);
    if (plateau === undefined) continue;
    latency = plateau;
    least = latency;
    second = Infinity;
    away = undefined;
  }
  const steadyFor = findSteadiness(readings, latency, bound);
  const isUnsteady = steadyFor < Math.min(STEADY, readings.at(-1)!.received - readings[0]!.received);
  return { latency, steadyFor, isUnsteady, recent: findRecent(readings), last: readings.at(-1)!.delay };
}

function findSteadiness(readings: readonly Reading[], latency: number, bound: number): number {
  const index = readings.findLastIndex(({ delay }) => Math.abs(delay - latency) > bound);
  return readings.at(-1)!.received - (readings[index + 1] ?? readings.at(-1)!).received;
}

/** The least delay of the shortest row of readings up to `last` that lies flat. */
function findPlateau(readings: readonly Reading[], first: number, last: number): number | undefined {
  let least = Infinity;
  let most = -Infinity;
  for (let index = last; index >= first; index--) {
    const { delay, received } = readings[index]!;
    least = Math.min(least, delay);
    most = Math.max(most, delay);
    const span = readings[last]!.received - received;
    if (last - index + 1 < PLATEAU_READINGS || span < PLATEAU_SPAN) continue;
    if (most - least <= PLATEAU_SLOPE * span) return least;
  }
  return undefined;
}

function findRecent(readings: readonly Reading[]): Clock['recent'] {
  let least = Infinity;
  let most = -Infinity;
  const newest = readings.at(-1)!.received;
  for (let count = 1; count <= readings.length; count++) {
    const { delay, received } = readings[readings.length - count]!;
    least = Math.min(least, delay);
    most = Math.max(most, delay);
    if (count >= RECENT_READINGS && newest - received >= RECENT_SPAN) return { least, most };
  }
  return undefined;
}
