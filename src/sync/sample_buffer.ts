/** A sample that waits to be chosen. */
export interface HeldSample<T> {
  readonly stamp: number;
  /** When it arrived, by the receive clock. */
  readonly received: number;
  readonly value: T;
  /** What has become of it: `used` in a set, let go without that, or neither so far. */
  fate: 'held' | 'used' | 'superseded' | 'cleared';
  /** Whether it has shown that its stream is in step with the reference. */
  inStep: boolean;
}

/**
 * Samples of one stream in the order of their stamps, oldest first. Bounded: what no coming set can want is let go,
 * and beyond `capacity` the oldest is, so that a stream nobody consumes cannot fill the memory. What is let go is
 * returned.
 */
export class SampleBuffer<T> {
  readonly #capacity: number;
  readonly #samples: HeldSample<T>[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get samples(): readonly HeldSample<T>[] {
    return this.#samples;
  }

  get newest(): HeldSample<T> | undefined {
    return this.#samples.at(-1);
  }

  /** Adds the newest sample; its stamp must be past all others. */
  add(sample: HeldSample<T>): HeldSample<T>[] {
    this.#samples.push(sample);
    return this.#samples.splice(0, Math.max(0, this.#samples.length - this.#capacity));
  }

  /**
   * Lets go of what no reference at or after `instant` can want: of two samples at or before it the later one is
   * always closer, so only the last of these stays.
   */
  releaseBefore(instant: number): HeldSample<T>[] {
    let passed = 0;
    while (passed + 1 < this.#samples.length && this.#samples[passed + 1]!.stamp <= instant) passed++;
    return this.#samples.splice(0, passed);
  }

  clear(): HeldSample<T>[] {
    return this.#samples.splice(0);
  }
}
