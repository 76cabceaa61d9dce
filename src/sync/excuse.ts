import type { ReferenceMark } from './collector.js';
import { MILLISECOND } from './options.js';
import type { StampValue } from './origin.js';
import type { Stream } from './stream.js';

/** What waited has been taken in so long after a hold-up: the middleware's thread has to find it first. */
const TAKEN_WITHIN = 50 * MILLISECOND;

/**
 * Nothing was taken in for a while, and what waits comes now: until it is there, that time counts as silence of no stream,
 * and no set has waited for it. Then it does count for those from which nothing came.
 */
export class Excuse<T, S extends StampValue> {
  /** Until then what waited is expected. */
  readonly until: number;
  readonly #by: number;
  readonly #silent: Set<Stream<T, S>>;
  readonly #marks: ReadonlySet<ReferenceMark>;

  /**
   * @param by - for how long nothing was taken in up to `now`
   * @param marks - sets in the making
   */
  constructor(by: number, now: number, streams: readonly Stream<T, S>[], marks: ReadonlySet<ReferenceMark>) {
    this.until = now + TAKEN_WITHIN;
    this.#by = by;
    this.#silent = new Set(streams);
    this.#marks = marks;
    this.#shift(by);
  }

  /** Something came from this stream. */
  heard(stream: Stream<T, S>): void {
    this.#silent.delete(stream);
  }

  /** All that waited has come. */
  end(): void {
    this.#shift(-this.#by);
  }

  #shift(by: number): void {
    for (const stream of this.#silent) stream.skip(by);
    for (const mark of this.#marks) mark.deadline += by;
  }
}
