import {
  abandonCollector,
  type Collector,
  closeCollector,
  draftOf,
  isSettled,
  type ReferenceMark,
} from './collector.js';
import type { StampValue } from './origin.js';
import type { HeldSample } from './sample_buffer.js';
import type { Stream } from './stream.js';
import type { SetDraft, SyncOutcome } from './sync_event.js';

/** Collectors that may be open at once; reached only by a deadline of many reference periods. */
const MAX_OPEN = 64;
/** Instants remembered after their collectors closed. */
const MAX_MARKS = 16;

/** The sets in the making, oldest first, and the instants of those that were closed a moment ago. */
export class OpenSets<T, S extends StampValue> {
  readonly #streams: readonly Stream<T, S>[];
  readonly #open: Collector<T, S>[] = [];
  readonly #marks: ReferenceMark[] = [];

  constructor(streams: readonly Stream<T, S>[]) {
    this.#streams = streams;
  }

  get count(): number {
    return this.#open.length;
  }

  /** The first deadline of all. Not always the oldest set's: a stand-in's samples may have come on a faster way. */
  get deadline(): number {
    return this.#open.reduce((first, { mark }) => Math.min(first, mark.deadline), Infinity);
  }

  /**
   * @param wait - from the arrival of the opener
   * @param referencePeriod - time between references
   * @param after - stamp of the set before
   */
  open(
    reference: Stream<T, S>,
    opener: HeldSample<T, S>,
    wait: number,
    referencePeriod: number,
    after: S | undefined,
  ): void {
    const { received: opened, instant } = opener;
    const mark = { instant, deadline: opened + wait, missing: new Set<string>() };
    this.#open.push({ mark, opened, after, reference, referencePeriod, opener });
    this.#marks.push(mark);
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
    for (const stream of this.#streams) {
      const inStep = stream === reference ? opener : stream.findInStep(stream.target(instant, referencePeriod));
      if (inStep !== undefined) stream.noteInStep(inStep);
    }
  }

  /** The better reference came after all, while the collector its stand-in opened for that instant is still open. */
  takeOver(reference: Stream<T, S>, opener: HeldSample<T, S>, referencePeriod: number): 'taken-over' | 'too-late' {
    const collector = this.#open.at(-1);
    if (collector === undefined || (collector.after !== undefined && opener.stamp <= collector.after))
      return 'too-late';
    collector.reference = reference;
    collector.referencePeriod = referencePeriod;
    collector.opener = opener;
    collector.mark.instant = opener.instant;
    reference.noteInStep(opener);
    return 'taken-over';
  }

  /** Whether a new sample of a stream that does not pace is of use to the sets, or would have been. */
  compare(stream: Stream<T, S>, sample: HeldSample<T, S>, now: number): void {
    const { tolerance } = stream;
    for (let index = this.#marks.length - 1; index >= 0; index--) {
      const mark = this.#marks[index]!;
      if (sample.instant - mark.instant > tolerance) break;
      if (mark.instant - sample.instant > tolerance) continue;
      if (now < mark.deadline) stream.noteInStep(sample);
      else if (mark.missing.delete(stream.modality)) stream.noteMissed(now - mark.deadline);
    }
  }

  /**
   * Closes the oldest set where it is due, so that stamps rise.
   * @param awaited - the streams a set waits for
   */
  closeNext(awaited: ReadonlySet<Stream<T, S>>, now: number): SyncOutcome<T, S> | undefined {
    const [collector] = this.#open;
    if (collector === undefined) return undefined;
    const closedBy = this.#dueBy(collector, awaited, now);
    if (closedBy === undefined) return undefined;
    this.#open.shift();
    if (closedBy === 'deadline') {
      for (const stream of awaited) if (!isSettled(collector, [stream])) stream.noteWaitedInVain(now);
    }
    const outcome = closeCollector(collector, this.#streams, now, closedBy);
    const { mark, reference } = collector;
    for (const stream of this.#streams) {
      stream.releaseBefore(mark.instant);
      if (stream !== reference) stream.noteSetClosed(reference.modality, mark.instant, now);
    }
    return outcome;
  }

  /** What is as good as certain of the oldest set. */
  draft(): SetDraft<T, S> | undefined {
    const [oldest] = this.#open;
    return oldest && draftOf(oldest, this.#streams);
  }

  /** Instants with the ends of their waits, also of sets that were closed a moment ago. */
  get marks(): ReadonlySet<ReferenceMark> {
    return new Set([...this.#marks, ...this.#open.map(({ mark }) => mark)]);
  }

  /** Gives all up, because the time line starts anew. */
  abandon(now: number): SyncOutcome<T, S>[] {
    this.#marks.length = 0;
    return this.#open.splice(0).map((collector) => abandonCollector(collector, now));
  }

  #dueBy(
    collector: Collector<T, S>,
    awaited: ReadonlySet<Stream<T, S>>,
    now: number,
  ): SyncOutcome<T, S>['closedBy'] | undefined {
    if (isSettled(collector, awaited)) return 'settled';
    if (now >= this.deadline) return 'deadline';
    return this.#open.length > MAX_OPEN ? 'overflow' : undefined;
  }
}
