import type { AbsentReason } from './frame_set.js';
import type { HeldSample } from './sample_buffer.js';
import type { Stream } from './stream.js';
import type { Match, Sample, SyncOutcome } from './sync_event.js';

/**
 * An instant at which a set was or is being collected. Outlives its collector for a while, without the samples, so
 * that late ones can be told from lost ones.
 */
export interface ReferenceMark {
  /** Reference stamp minus the reference stream's offset: what other streams are compared with. */
  instant: number;
  /** Receive time at which the wait ends. */
  readonly deadline: number;
  /** Modalities that were waited for in vain. */
  readonly missing: Set<string>;
}

/** A set in the making, opened by a sample of the reference stream. */
export interface Collector<T> {
  readonly mark: ReferenceMark;
  /** Receive time of the sample that opened it. */
  readonly opened: number;
  /** Stamp of the set before: this one's stays above it. */
  readonly after: number;
  reference: Stream<T>;
  /** Time between references, which tells whether a stream has a constant phase to them. */
  referencePeriod: number;
  /** The reference sample. Held here as well, so that it is in its set whatever becomes of its stream meanwhile. */
  opener: HeldSample<T>;
}

/** Whether nothing that is waited for could still improve the set. */
export function isSettled<T>(collector: Collector<T>, awaited: readonly Stream<T>[]): boolean {
  return awaited.every((stream) => stream === collector.reference || stream.isSettled(targetOf(collector, stream)));
}

/**
 * Makes the set of what the streams hold now.
 * @param closed - receive time
 */
export function closeCollector<T>(
  collector: Collector<T>,
  streams: readonly Stream<T>[],
  closed: number,
  closedBy: SyncOutcome<T>['closedBy'],
): SyncOutcome<T> {
  const matches = new Map<string, Match<T>>();
  const absent = new Map<string, AbsentReason>();
  for (const stream of streams) {
    const match = takeFrom(collector, stream);
    if (typeof match === 'object') matches.set(stream.modality, match);
    else absent.set(stream.modality, match);
    if (match === 'late') collector.mark.missing.add(stream.modality);
  }
  const set = { ...describe(collector, closed), closedBy, absent };
  const lacksEssential = streams.some(
    ({ options, modality }) => options.necessity === 'essential' && absent.has(modality),
  );
  if (lacksEssential) return { ...set, kind: 'dropped', reason: 'essential-missing' };
  if (matches.size === 0) return { ...set, kind: 'dropped', reason: 'nothing-usable' };
  const isWhole = [...absent.values()].every((reason) => reason === 'disabled');
  return { ...set, kind: isWhole ? 'complete' : 'partial', matches };
}

/** The outcome of a set that can no longer be made, because the time line started anew. */
export function abandonCollector<T>(collector: Collector<T>, closed: number): SyncOutcome<T> {
  return { ...describe(collector, closed), closedBy: 'reset', absent: new Map(), kind: 'dropped', reason: 'reset' };
}

/** What a caller may see of a held sample. */
export function asSample<T>({ stamp, received, value }: HeldSample<T>): Sample<T> {
  return { stamp, received, value };
}

function describe<T>({ opener, reference, opened }: Collector<T>, closed: number) {
  return { stamp: opener.stamp, reference: reference.modality, opened, closed };
}

function targetOf<T>(collector: Collector<T>, stream: Stream<T>) {
  return stream.target(collector.mark.instant, collector.referencePeriod);
}

/** What a stream gives to a set, or why it gives nothing. */
function takeFrom<T>(collector: Collector<T>, stream: Stream<T>): Match<T> | AbsentReason {
  const { health } = stream;
  const isReference = stream === collector.reference;
  const isWelcome = isReference ? health.isTrusted : health.isUsable;
  if (!isWelcome) return health.absentReason;
  const target = targetOf(collector, stream);
  if (stream.options.match === 'window') {
    const packets = stream.match(target);
    if (packets === undefined) return stream.isSettled(target) ? 'unmatched' : 'late';
    for (const packet of packets) stream.use(packet);
    return { kind: 'window', end: target.instant, packets: packets.map(asSample) };
  }
  const sample = isReference ? collector.opener : stream.match(target)?.[0];
  if (sample === undefined) return stream.isSettled(target) ? 'unmatched' : 'late';
  stream.use(sample);
  return { kind: 'sample', sample: asSample(sample) };
}
