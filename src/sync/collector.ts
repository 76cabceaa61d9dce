import type { AbsentReason } from './frame_set.js';
import { type StampValue, shiftStamp } from './origin.js';
import type { HeldSample } from './sample_buffer.js';
import type { Stream } from './stream.js';
import type { Match, Sample, SetDraft, SyncOutcome } from './sync_event.js';

/**
 * An instant at which a set was or is being collected. Outlives its collector for a while, without the samples, so
 * that late ones can be told from lost ones.
 */
export interface ReferenceMark {
  /** What the reference sample shows, and other streams are compared with. */
  instant: number;
  /** Receive time at which the wait ends. */
  deadline: number;
  /** Modalities that were waited for in vain. */
  readonly missing: Set<string>;
}

/** A set in the making, opened by a sample of the reference stream. */
export interface Collector<T, S extends StampValue> {
  readonly mark: ReferenceMark;
  /** Receive time of the sample that opened it. */
  readonly opened: number;
  /** Stamp of the set before: this one's stays above it. */
  readonly after: S | undefined;
  reference: Stream<T, S>;
  /** Time between references, which tells whether a stream has a constant phase to them. */
  referencePeriod: number;
  /** The reference sample. Held here as well, so that it is in its set whatever becomes of its stream meanwhile. */
  opener: HeldSample<T, S>;
}

/** Whether nothing that is waited for could still improve the set. */
export function isSettled<T, S extends StampValue>(
  collector: Collector<T, S>,
  awaited: Iterable<Stream<T, S>>,
): boolean {
  for (const stream of awaited) {
    if (stream !== collector.reference && !stream.isSettled(targetOf(collector, stream))) return false;
  }
  return true;
}

/** What the set takes of the streams that can give it nothing better any more. Changes nothing. */
export function draftOf<T, S extends StampValue>(
  collector: Collector<T, S>,
  streams: readonly Stream<T, S>[],
): SetDraft<T, S> {
  const matches = new Map<string, Match<T, S>>();
  for (const stream of streams) {
    if (stream !== collector.reference && !stream.isSettled(targetOf(collector, stream))) continue;
    const choice = choose(collector, stream);
    if (typeof choice !== 'string') matches.set(stream.modality, asMatch(collector, stream, choice));
  }
  return { stamp: collector.opener.stamp, period: collector.referencePeriod, matches };
}

/**
 * Makes the set of what the streams hold now.
 * @param closed - receive time
 */
export function closeCollector<T, S extends StampValue>(
  collector: Collector<T, S>,
  streams: readonly Stream<T, S>[],
  closed: number,
  closedBy: SyncOutcome<T, S>['closedBy'],
): SyncOutcome<T, S> {
  const chosen = new Map<Stream<T, S>, readonly HeldSample<T, S>[]>();
  const absent = new Map<string, AbsentReason>();
  for (const stream of streams) {
    const choice = choose(collector, stream);
    if (typeof choice !== 'string') chosen.set(stream, choice);
    else absent.set(stream.modality, choice);
    if (choice === 'late') collector.mark.missing.add(stream.modality);
  }
  const set = { ...describe(collector, closed), closedBy, absent };
  const isEssentialMissing = streams.some((stream) => stream.options.necessity === 'essential' && !chosen.has(stream));
  if (isEssentialMissing) return { ...set, kind: 'dropped', reason: 'essential-missing' };
  if (chosen.size === 0) return { ...set, kind: 'dropped', reason: 'nothing-usable' };
  const matches = new Map<string, Match<T, S>>();
  for (const [stream, samples] of chosen) {
    for (const sample of samples) stream.use(sample);
    matches.set(stream.modality, asMatch(collector, stream, samples));
  }
  collector.opener.hasPaced = true;
  const isWhole = [...absent.values()].every((reason) => reason === 'disabled');
  return { ...set, kind: isWhole ? 'complete' : 'partial', matches };
}

/** The outcome of a set that can no longer be made, because the time line started anew. */
export function abandonCollector<T, S extends StampValue>(
  collector: Collector<T, S>,
  closed: number,
): SyncOutcome<T, S> {
  return { ...describe(collector, closed), closedBy: 'reset', absent: new Map(), kind: 'dropped', reason: 'reset' };
}

/** What a caller may see of a held sample. */
export function asSample<T, S extends StampValue>({ stamp, received, value }: HeldSample<T, S>): Sample<T, S> {
  return { stamp, received, value };
}

function describe<T, S extends StampValue>({ opener, reference, opened }: Collector<T, S>, closed: number) {
  return { stamp: opener.stamp, reference: reference.modality, opened, closed };
}

function targetOf<T, S extends StampValue>(collector: Collector<T, S>, stream: Stream<T, S>) {
  return stream.target(collector.mark.instant, collector.referencePeriod);
}

/** The samples a stream gives to a set, or why it gives none. */
function choose<T, S extends StampValue>(
  collector: Collector<T, S>,
  stream: Stream<T, S>,
): readonly HeldSample<T, S>[] | AbsentReason {
  const { verdict } = stream;
  const isReference = stream === collector.reference;
  const isWelcome = isReference ? verdict.isTrusted : verdict.isUsable;
  if (!isWelcome) return verdict.absent;
  if (isReference && stream.options.match === 'nearest') return [collector.opener];
  const target = targetOf(collector, stream);
  return stream.match(target) ?? (stream.isSettled(target) ? 'unmatched' : 'late');
}

function asMatch<T, S extends StampValue>(
  collector: Collector<T, S>,
  stream: Stream<T, S>,
  samples: readonly HeldSample<T, S>[],
): Match<T, S> {
  const [sample] = samples;
  if (stream.options.match === 'nearest' && sample !== undefined) return { kind: 'sample', sample: asSample(sample) };
  // In the stream's own stamps.
  const instant = shiftStamp(collector.opener.stamp, -collector.reference.options.offset);
  return { kind: 'window', end: shiftStamp(instant, stream.options.offset), packets: samples.map(asSample) };
}
