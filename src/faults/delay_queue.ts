import type { RawMessage, Stamp } from '../messages/index.js';

/** Messages that wait for their time, in the order of it; those of one time in the order in which they came. */
export class DelayQueue {
  /** A binary heap. */
  readonly #heap: { message: RawMessage; order: number }[] = [];
  readonly #capacity: number;
  #order = 0;

  /** @param capacity - most messages held */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get nextStamp(): Stamp | undefined {
    return this.#heap[0]?.message.receiveStamp;
  }

  /** @throws Error when full: a delay of seconds on a fast topic would otherwise fill the memory */
  push(message: RawMessage): void {
    const heap = this.#heap;
    if (heap.length >= this.#capacity) {
      throw new Error(
        `Expected at most ${this.#capacity} delayed messages but received more on ${message.topic}: ` +
          'shorten the delay of the scenario.',
      );
    }
    heap.push({ message, order: this.#order++ });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.#isBefore(i, parent)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  /** Takes out all messages due at `now`, in order. */
  takeUntil(now: Stamp): RawMessage[] {
    const due: RawMessage[] = [];
    for (let next = this.nextStamp; next !== undefined && next <= now; next = this.nextStamp) due.push(this.#take());
    return due;
  }

  takeAll(): RawMessage[] {
    return Array.from({ length: this.#heap.length }, () => this.#take());
  }

  #take(): RawMessage {
    const heap = this.#heap;
    const { message } = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        const right = left + 1;
        let least = i;
        if (left < heap.length && this.#isBefore(left, least)) least = left;
        if (right < heap.length && this.#isBefore(right, least)) least = right;
        if (least === i) break;
        this.#swap(i, least);
        i = least;
      }
    }
    return message;
  }

  #isBefore(i: number, j: number): boolean {
    const a = this.#heap[i]!;
    const b = this.#heap[j]!;
    const [x, y] = [a.message.receiveStamp, b.message.receiveStamp];
    return x < y || (x === y && a.order < b.order);
  }

  #swap(i: number, j: number): void {
    const heap = this.#heap;
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  }
}
