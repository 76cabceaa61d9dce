/**
 * Keeps an evenly spaced sample of a sequence of unknown length: every item at first; each time `capacity` is
 * reached every second one is let go and the stride doubles. Holds between capacity / 2 and capacity items once the
 * sequence is that long, always the first one, and depends on nothing but the sequence.
 */
export class EvenSample<T> {
  readonly #capacity: number;
  #items: T[] = [];
  #stride: number;
  #seen = 0;

  /**
   * @param capacity - most items kept; even, so that halving keeps the spacing
   * @param expected - length of the sequence as far as it is known, which saves making items only to let them go
   */
  constructor(capacity: number, expected = 0) {
    if (!Number.isInteger(capacity) || capacity < 2 || capacity % 2 !== 0) {
      throw new RangeError(`Expected an even integer of at least 2 for capacity but received ${capacity}`);
    }
    this.#capacity = capacity;
    this.#stride = 2 ** Math.max(0, Math.ceil(Math.log2(expected / capacity)));
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** Passes one element of the sequence; `make` is called only when it is kept. */
  async offer(make: () => T | Promise<T>): Promise<void> {
    if (this.#seen++ % this.#stride !== 0) return;
    if (this.#items.length === this.#capacity) {
      this.halve();
      // The element that comes when the sample is full sits on the doubled stride too, as the capacity is even.
    }
    this.#items.push(await make());
  }

  /** Lets every second item go, e.g. because the items turned out too large. */
  halve(): void {
    this.#items = this.#items.filter((_, index) => index % 2 === 0);
    this.#stride *= 2;
  }
}
