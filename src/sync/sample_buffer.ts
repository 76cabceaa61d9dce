/** A sample that waits to be chosen. */
export interface HeldSample<T> {
  readonly stamp: number;
  /** When it arrived, by the receive clock. */
  readonly received: number;
  readonly value: T;
  /** Whether a set has taken it. */
  used: boolean;
  /** Whether it has shown that its stream is in step with the reference. */
  inStep: boolean;
}

/**
 * Samples of one stream in the order of their stamps, oldest first. Bounded: what no coming set can want is let go,
 * and beyond `capacity` the oldest is, so that a stream nobody consumes cannot fill the memory. Each method returns
 * how many samples left without ever being used.
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

  /** Samples no set has taken so far. */
  get unused(): number {
    return countUnused(this.#samples);
  }

  /** Adds the newest sample; its stamp must be past all others. */
  add(sample: HeldSample<T>): number {
    this.#samples.push(sample);
    return this.#samples.length > this.#capacity ? this.#remove(1) : 0;
  }

  /**
   * Lets go of what no reference at or after `instant` can want: of two samples at or before it the later one is
   * always closer, so only the last of these stays.
   */
  releaseBefore(instant: number): number {
    let passed = 0;
    while (passed + 1 < this.#samples.length && this.#samples[passed + 1]!.stamp <= instant) passed++;
    return this.#remove(passed);
  }

  clear(): number {
    return this.#remove(this.#samples.length);
  }

  #remove(count: number): number {
    return count === 0 ? 0 : countUnused(this.#samples.splice(0, count));
  }
}

function countUnused<T>(samples: readonly HeldSample<T>[]): number {
  return samples.reduce((count, sample) => count + (sample.used ? 0 : 1), 0);
}
