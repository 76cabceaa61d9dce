import { MEMORY } from './options.js';

/**
 * The times in which nothing was taken in. A sample that waited meanwhile seems late by as much, and one of a faster stream
 * need not have waited: latencies that were read lately are uncertain by the longest of them.
 */
export class HoldUps {
  readonly #recent: { by: number; at: number }[] = [];

  /** Nothing was taken in for `by` nanoseconds up to `at`. */
  note(by: number, at: number): void {
    this.#recent.push({ by, at });
    this.#forgetBefore(at - MEMORY);
  }

  /** Time begins anew. */
  forget(): void {
    this.#recent.length = 0;
  }

  /** The longest of those that readings of the clocks may still know of; 0 for none. */
  longest(now: number): number {
    this.#forgetBefore(now - MEMORY);
    return Math.max(0, ...this.#recent.map(({ by }) => by));
  }

  #forgetBefore(time: number): void {
    while (this.#recent.length > 0 && this.#recent[0]!.at < time) this.#recent.shift();
  }
}
