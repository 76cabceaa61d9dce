import { FALLBACK_PERIOD } from './options.js';
import type { HeldSample } from './sample_buffer.js';
import type { Stream } from './stream.js';

/** What a sample of the reference stream asks for. `same-instant`: the last collector is about its very instant. */
export type Plan = 'open' | 'same-instant' | 'pass';

/** Follows which stream paces the sets, and which of its samples do. */
export class ReferenceTrack<T> {
  readonly #byPriority: readonly Stream<T>[];
  #present: Stream<T> | undefined;
  #last: { stamp: number; instant: number; stream: Stream<T>; period: number } | undefined;
  /** Period of the last reference that had one of its own: the pace at which a window stream stands in. */
  #pace = FALLBACK_PERIOD;

  constructor(byPriority: readonly Stream<T>[]) {
    this.#byPriority = byPriority;
  }

  /** The stream that paces the sets, `undefined` while none can. */
  get present(): Stream<T> | undefined {
    return this.#present;
  }

  /** Time between its samples. */
  get period(): number {
    return this.#present === undefined ? this.#pace : this.#periodOf(this.#present);
  }

  /** Stamp and instant of the last set opened, `undefined` at the start of a time line. */
  get last(): { readonly stamp: number; readonly instant: number } | undefined {
    return this.#last;
  }

  /**
   * The first active stream by priority becomes the reference. Where none is active, the present one stays as long as
   * it is merely late, so that a pause of the whole machine does not make the reference wander.
   */
  choose(): 'same' | 'changed' {
    const active = this.#byPriority.find((stream) => stream.health.state === 'active');
    const kept = this.#present?.health.isUsable ? this.#present : undefined;
    const next = active ?? kept ?? this.#byPriority.find((stream) => stream.health.isUsable);
    if (next === this.#present) return 'same';
    this.#present = next;
    return 'changed';
  }

  /**
   * Every sample of one reference opens a collector, window streams at the usual pace. After a change of reference
   * only a sample half a period past the last collector does; one closer to it is about the same instant.
   */
  planFor(reference: Stream<T>, sample: HeldSample<T>): Plan {
    const last = this.#last;
    if (last === undefined) return 'open';
    const ahead = instantOf(reference, sample) - last.instant;
    const rises = sample.stamp > last.stamp;
    if (last.stream === reference) return rises && ahead >= this.#spacing(reference) ? 'open' : 'pass';
    const gap = Math.min(last.period, this.#periodOf(reference)) / 2;
    if (ahead >= Math.max(gap, this.#spacing(reference))) return rises ? 'open' : 'pass';
    return Math.abs(ahead) < gap && this.#isBefore(reference, last.stream) ? 'same-instant' : 'pass';
  }

  /** A collector has been opened, or taken over, by this sample. */
  noteOpened(stream: Stream<T>, opener: HeldSample<T>): void {
    const period = this.#periodOf(stream);
    this.#pace = period;
    this.#last = { stamp: opener.stamp, instant: instantOf(stream, opener), stream, period };
  }

  /** Stamps start anew. */
  startTimeline(): void {
    this.#last = undefined;
  }

  #isBefore(one: Stream<T>, other: Stream<T>): boolean {
    return this.#byPriority.indexOf(one) < this.#byPriority.indexOf(other);
  }

  #periodOf(stream: Stream<T>): number {
    return stream.options.match === 'window' ? this.#pace : stream.timing.assumedPeriod;
  }

  /** Packets come up to a thousand times a second; the first one at or past the pace opens, give or take one half. */
  #spacing(stream: Stream<T>): number {
    if (stream.options.match === 'nearest') return 0;
    return this.#pace - Math.min(stream.timing.assumedPeriod, this.#pace) / 2;
  }
}

/** The instant a sample shows, on the common time line. */
export function instantOf<T>(stream: Stream<T>, sample: HeldSample<T>): number {
  return sample.stamp - stream.options.offset;
}
