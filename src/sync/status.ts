import type { StampValue } from './origin.js';
import { describeReason } from './reason.js';
import type { Stream } from './stream.js';
import type { ModalityStatus } from './sync_event.js';

/**
 * How a stream fares.
 * @param referencePeriod - time between the samples of the stream that paces
 * @param now - receive time
 */
export function statusOf<T, S extends StampValue>(
  stream: Stream<T, S>,
  referencePeriod: number,
  now: number,
): ModalityStatus {
  const { evidence, verdict, reported } = stream;
  const { lastMessage, rhythm } = evidence;
  return {
    modality: stream.modality,
    state: reported.state,
    reason: verdict.cause && describeReason(verdict.cause),
    cause: verdict.cause,
    warning: verdict.warning,
    since: reported.since,
    age: lastMessage === undefined ? undefined : now - lastMessage,
    period: rhythm.period,
    phase: rhythm.phase(referencePeriod),
    tolerance: stream.tolerance,
    rates: rhythm.rates,
    counters: { ...stream.counters },
    held: stream.pending,
  };
}
