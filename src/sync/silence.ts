import type { Evidence } from './evidence.js';
import { SECOND, type SynchronizerOptions } from './options.js';

/** Silence that drops a stream whose period is not known yet: it may be a slow one. */
const UNKNOWN_PERIOD_SILENCE = SECOND;
const VOTE_PERIODS = 2.25;
const MIN_VOTE_SILENCE = 0.25 * SECOND;
/** No stream is late before this: packets of an event camera come every millisecond, schedulers pause for longer. */
const MIN_LATE_SILENCE = 0.05 * SECOND;

/** Silence that makes a stream late. */
export function lateAfter({ rhythm }: Evidence, { latePeriods }: SynchronizerOptions): number {
  return Math.max(latePeriods * rhythm.assumedPeriod, MIN_LATE_SILENCE);
}

/** Silence that drops a stream. */
export function dropAfter({ rhythm }: Evidence, { dropPeriods, dropSilence }: SynchronizerOptions): number {
  if (rhythm.period === undefined) return Math.max(UNKNOWN_PERIOD_SILENCE, dropSilence);
  return Math.max(dropPeriods * rhythm.period, dropSilence);
}

/** Silence after which a stream has no say about the time any more: two samples are missing, but not before this. */
export function votesFor({ rhythm }: Evidence): number {
  return Math.max(VOTE_PERIODS * rhythm.assumedPeriod, MIN_VOTE_SILENCE);
}

/** When the verdict on a stream changes if nothing comes before; `Infinity` for never. */
export function nextChange(evidence: Evidence, options: SynchronizerOptions, now: number): number {
  const { lastMessage, lastSample, readings } = evidence;
  if (evidence.availability === 'disabled' || lastMessage === undefined) return Infinity;
  const after = (time: number) => (time > now ? time : Infinity);
  const silence = dropAfter(evidence, options);
  const lastReading = readings.at(-1)?.received ?? Infinity;
  const drop = Math.min(after(lastMessage + silence), after(lastReading + votesFor(evidence)));
  return lastSample === undefined ? drop : Math.min(drop, after(lastSample + lateAfter(evidence, options)));
}
