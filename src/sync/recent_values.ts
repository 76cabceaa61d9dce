/**
 * The last values of a figure, with their median and its spread. A median shrugs off the outliers of a sensor stream (a
 * lost message doubles one interval, an outage makes one huge) and still follows a lasting change within half of what is
 * kept. Values are kept by number and by age, so that nothing old has a say.
 */
export class RecentValues {
  readonly #most: number;
  readonly #least: number;
  readonly #memory: number;
  readonly #entries: { value: number; at: number; tag: unknown }[] = [];
  /** Figures of the values as they are, worked out when asked for. */
  #median: number | undefined;
  #spread: number | undefined;

  /**
   * @param most - how many values are kept at most
   * @param least - how many are kept however old they are
   * @param memory - age up to which the others are kept
   */
  constructor(most: number, least: number, memory: number) {
    this.#most = most;
    this.#least = least;
    this.#memory = memory;
  }

  get count(): number {
    return this.#entries.length;
  }

  /** The lower median, which is always one of the values; `undefined` before the first. */
  get median(): number | undefined {
    if (this.#entries.length > 0) this.#median ??= middle(this.#entries.map(({ value }) => value));
    return this.#median;
  }

  /** Median absolute deviation from the median; 0 before the second value. */
  get spread(): number {
    const { median } = this;
    if (median === undefined) return 0;
    this.#spread ??= middle(this.#entries.map(({ value }) => Math.abs(value - median)));
    return this.#spread;
  }

  /** Median and spread of what is made of the values, in whatever way is right now. */
  figuresOf(transform: (value: number) => number): { median: number; spread: number } {
    const values = this.#entries.map(({ value }) => transform(value));
    const median = middle(values);
    return { median, spread: middle(values.map((value) => Math.abs(value - median))) };
  }

  /** Makes their ages so many times as large, and of the values themselves what `transform` says. */
  stretch(factor: number, now: number, transform: (value: number) => number = (value) => value): void {
    for (const entry of this.#entries) {
      entry.at = now - (now - entry.at) * factor;
      entry.value = transform(entry.value);
    }
    this.#median = undefined;
    this.#spread = undefined;
  }

  /** Makes them younger by so much. */
  skip(by: number): void {
    for (const entry of this.#entries) entry.at += by;
  }

  /** @param tag - what the value belongs to: a value of another tag forgets all before it */
  push(value: number, at: number, tag?: unknown): void {
    const entries = this.#entries;
    if (entries.length > 0 && entries[0]!.tag !== tag) entries.length = 0;
    entries.push({ value, at, tag });
    while (
      entries.length > this.#most ||
      (entries.length > this.#least && Math.abs(at - entries[0]!.at) > this.#memory)
    ) {
      entries.shift();
    }
    this.#median = undefined;
    this.#spread = undefined;
  }
}

/** The values are few, so that inserting them one by one is the fastest way to sort them. */
function middle(values: number[]): number {
  for (let index = 1; index < values.length; index++) {
    const value = values[index]!;
    let place = index;
    for (; place > 0 && values[place - 1]! > value; place--) values[place] = values[place - 1]!;
    values[place] = value;
  }
  return values[(values.length - 1) >> 1] ?? 0;
}
