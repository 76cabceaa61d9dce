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
  const chosen = new Map<Stream<T>, readonly HeldSample<T>[]>();
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
  const matches = new Map<string, Match<T>>();
  for (const [stream, samples] of chosen) {
    for (const sample of samples) stream.use(sample);
    matches.set(stream.modality, asMatch(collector, stream, samples));
  }
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

/** The samples a stream gives to a set, or why it gives none. */
function choose<T>(collector: Collector<T>, stream: Stream<T>): readonly HeldSample<T>[] | AbsentReason {
  const { health } = stream;
  const isReference = stream === collector.reference;
  const isWelcome = isReference ? health.isTrusted : health.isUsable;
  if (!isWelcome) return health.absentReason;
  if (isReference && stream.options.match === 'nearest') return [collector.opener];
  const target = targetOf(collector, stream);
  return stream.match(target) ?? (stream.isSettled(target) ? 'unmatched' : 'late');
}

function asMatch<T>(collector: Collector<T>, stream: Stream<T>, samples: readonly HeldSample<T>[]): Match<T> {
  const [sample] = samples;
  if (stream.options.match === 'nearest' && sample !== undefined) return { kind: 'sample', sample: asSample(sample) };
  return { kind: 'window', end: targetOf(collector, stream).instant, packets: samples.map(asSample) };
}
