/**
 * Median of the last values seen, with their spread. A median shrugs off the outliers of a sensor stream (a lost
 * message doubles one interval, an outage makes one huge) and still follows a lasting change within half its window.
 */
export class RunningMedian {
  readonly #values: Float64Array;
  readonly #sorted: Float64Array;
  #count = 0;
  #next = 0;
  #median = 0;
  #spread = 0;

  /** @param window - how many values are remembered */
  constructor(window: number) {
    this.#values = new Float64Array(window);
    this.#sorted = new Float64Array(window);
  }

  /** Values remembered, at most the window. */
  get count(): number {
    return this.#count;
  }

  /** The lower median, which is always one of the values; `undefined` before the first. */
  get median(): number | undefined {
    return this.#count === 0 ? undefined : this.#median;
  }

  /** Median absolute deviation from the median; 0 before the second value. */
  get spread(): number {
    return this.#spread;
  }

  push(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
    this.#count = Math.min(this.#count + 1, this.#values.length);
    const sorted = this.#sorted.subarray(0, this.#count);
    sorted.set(this.#values.subarray(0, this.#count));
    this.#median = middle(sorted.sort());
    for (let i = 0; i < sorted.length; i++) sorted[i] = Math.abs(sorted[i]! - this.#median);
    this.#spread = middle(sorted.sort());
  }

  clear(): void {
    this.#count = 0;
    this.#next = 0;
    this.#spread = 0;
  }
}

function middle(sorted: Float64Array): number {
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}
