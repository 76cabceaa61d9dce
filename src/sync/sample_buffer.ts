import type { StampValue } from './origin.js';

/** A sample that waits to be chosen. */
export interface HeldSample<T, S extends StampValue> {
  /** As it was given. */
  readonly stamp: S;
  /** What it shows, on the common time of all streams: the stamp less the stream's offset. */
  instant: number;
  /** When it arrived, by the receive clock. */
  readonly received: number;
  readonly value: T;
  /** What has become of it: `used` in a set, let go without that, or neither so far. */
  fate: 'held' | 'used' | 'superseded' | 'cleared';
  /** Whether it has shown that its stream is in step with the reference. */
  inStep: boolean;
  /** Whether a set bears its stamp: no other one may, on a later time line either. */
  hasPaced: boolean;
}

/**
 * Samples of one stream in the order of their stamps, oldest first. Bounded: what no coming set can want is let go,
 * and beyond `capacity` the oldest is, so that a stream nobody consumes cannot fill the memory. What is let go is
 * returned.
 */
export class SampleBuffer<T, S extends StampValue> {
  readonly #capacity: number;
  readonly #samples: HeldSample<T, S>[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get samples(): readonly HeldSample<T, S>[] {
    return this.#samples;
  }

  get newest(): HeldSample<T, S> | undefined {
    return this.#samples.at(-1);
  }

  /** Adds the newest sample; its instant must be past all others. */
  add(sample: HeldSample<T, S>): HeldSample<T, S>[] {
    this.#samples.push(sample);
    return this.#samples.splice(0, Math.max(0, this.#samples.length - this.#capacity));
  }

  /**
   * Lets go of what no reference at or after `instant` can want: of two samples at or before it the later one is
   * always closer, so only the last of these stays.
   */
  releaseBefore(instant: number): HeldSample<T, S>[] {
    let passed = 0;
    while (passed + 1 < this.#samples.length && this.#samples[passed + 1]!.instant <= instant) passed++;
    return this.#samples.splice(0, passed);
  }

  clear(): HeldSample<T, S>[] {
    return this.#samples.splice(0);
  }
}
