import type { Stamp } from '../messages/stamp.js';

/**
 * Maps receive stamps to nanoseconds since the run's first one, and back. The synchroniser computes with plain numbers;
 * relative to the start of a run they are exact for 104 days.
 */
export class TimeBase {
  #origin: Stamp | undefined;

  /** Nanoseconds from the first stamp this was ever asked about; negative for earlier ones. */
  toRelative(stamp: Stamp): number {
    this.#origin ??= stamp;
    return Number(stamp - this.#origin);
  }

  /** The stamp a relative time came from. */
  toStamp(relative: number): Stamp {
    return (this.#origin ?? 0n) + BigInt(Math.round(relative));
  }
}
