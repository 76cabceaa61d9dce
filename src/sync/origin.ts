/** A stamp as it is given: absolute nanoseconds as `bigint`, or a number where the caller counts from a start of its own. */
export type StampValue = number | bigint;

/** Beyond this a double no longer holds every nanosecond; kept well below 2^53, so that sums stay exact too. */
const EXACT = 2 ** 51;

/**
 * Turns stamps into instants, the plain numbers everything is computed with. Absolute nanoseconds do not fit into a
 * double, so `bigint` stamps are taken relative to an origin, which follows the time base the sets are made on: where a
 * first message has another epoch (a sensor that counts from its start), the origin is moved once the others are there.
 */
export class Origin {
  #origin: bigint | undefined;

  /** The instant a stamp shows, on the common time of all streams. */
  instantOf(stamp: StampValue, offset: number): number {
    if (typeof stamp === 'number') return stamp - offset;
    this.#origin ??= stamp;
    return Number(stamp - this.#origin) - offset;
  }

  /**
   * Moves the origin to a stamp from which instants near it would be inexact.
   * @returns what every instant known so far has to be lessened by, 0 where nothing has changed
   */
  moveTo(stamp: StampValue): number {
    if (typeof stamp === 'number' || this.#origin === undefined) return 0;
    const shift = stamp - this.#origin;
    if (Math.abs(Number(shift)) < EXACT) return 0;
    this.#origin = stamp;
    return Number(shift);
  }
}

/** A stamp moved by a time, exactly as long as that is whole nanoseconds. */
export function shiftStamp<S extends StampValue>(stamp: S, by: number): S {
  const moved: StampValue = typeof stamp === 'bigint' ? stamp + BigInt(Math.round(by)) : (stamp as number) + by;
  return moved as S;
}
