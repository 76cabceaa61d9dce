import type { StampValue } from './origin.js';
import type { StretchedClock } from './stretched_clock.js';
import type { Match, Sample, SyncEvent, SynchronizerStatus } from './sync_event.js';

/** An event of the synchroniser's own clock, in receive time. */
export function eventInRealTime<T, S extends StampValue>(
  event: SyncEvent<T, S>,
  clock: StretchedClock,
): SyncEvent<T, S> {
  const sampleOf = (sample: Sample<T, S>) => ({ ...sample, received: clock.realTime(sample.received) });
  const matchOf = (match: Match<T, S>): Match<T, S> =>
    match.kind === 'sample'
      ? { ...match, sample: sampleOf(match.sample) }
      : { ...match, packets: match.packets.map(sampleOf) };
  switch (event.kind) {
    case 'complete':
    case 'partial':
      return {
        ...event,
        opened: clock.realTime(event.opened),
        closed: clock.realTime(event.closed),
        matches: new Map([...event.matches].map(([modality, match]) => [modality, matchOf(match)])),
      };
    case 'dropped':
      return { ...event, opened: clock.realTime(event.opened), closed: clock.realTime(event.closed) };
    case 'probe':
      return { ...event, sample: sampleOf(event.sample) };
    default:
      return { ...event, at: clock.realTime(event.at) };
  }
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
