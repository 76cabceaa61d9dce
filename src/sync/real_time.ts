import type { StampValue } from './origin.js';
import type { StretchedClock } from './stretched_clock.js';
import type { Match, SetDraft, SyncEvent, SynchronizerStatus } from './sync_event.js';

/** An event of the synchroniser's own clock, in receive time. */
export function eventInRealTime<T, S extends StampValue>(
  event: SyncEvent<T, S>,
  clock: StretchedClock,
): SyncEvent<T, S> {
  switch (event.kind) {
    case 'complete':
    case 'partial':
      return {
        ...event,
        opened: clock.realTime(event.opened),
        closed: clock.realTime(event.closed),
        matches: matchesInRealTime(event.matches, clock),
      };
    case 'dropped':
      return { ...event, opened: clock.realTime(event.opened), closed: clock.realTime(event.closed) };
    case 'probe':
      return { ...event, sample: sampleInRealTime(event.sample, clock) };
    default:
      return { ...event, at: clock.realTime(event.at) };
  }
}

/** A set in the making, likewise. */
export function draftInRealTime<T, S extends StampValue>(draft: SetDraft<T, S>, clock: StretchedClock): SetDraft<T, S> {
  return { ...draft, period: draft.period * clock.slowness, matches: matchesInRealTime(draft.matches, clock) };
}

function matchesInRealTime<T, S extends StampValue>(
  matches: ReadonlyMap<string, Match<T, S>>,
  clock: StretchedClock,
): Map<string, Match<T, S>> {
  const matchOf = (match: Match<T, S>): Match<T, S> =>
    match.kind === 'sample'
      ? { ...match, sample: sampleInRealTime(match.sample, clock) }
      : { ...match, packets: match.packets.map((packet) => sampleInRealTime(packet, clock)) };
  return new Map([...matches].map(([modality, match]) => [modality, matchOf(match)]));
}

function sampleInRealTime<Of extends { readonly received: number }>(sample: Of, clock: StretchedClock): Of {
  return { ...sample, received: clock.realTime(sample.received) };
}

/** How things stand, likewise. Periods stay those of the stamps. */
export function statusInRealTime(status: SynchronizerStatus, clock: StretchedClock): SynchronizerStatus {
  const { slowness } = clock;
  return {
    ...status,
    stall: status.stall && { ...status.stall, since: clock.realTime(status.stall.since) },
    modalities: status.modalities.map((modality) => {
      const { received } = modality.rates;
      return {
        ...modality,
        since: clock.realTime(modality.since),
        age: modality.age === undefined ? undefined : modality.age * slowness,
        rates: { ...modality.rates, received: received === undefined ? undefined : received / slowness },
      };
    }),
  };
}
