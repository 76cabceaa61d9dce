/** A frame's place in time and its score. */
export interface ScoredFrame {
  seconds: number;
  /** Percent. */
  miou?: number;
}

/** Frames nearer to each other look alike: of those the worst one stands for all. */
const APART_SECONDS = 1;

/** Keeps the frames with the lowest scores of a sequence, no two of them of one second. */
export class WorstFrames<T extends ScoredFrame> {
  readonly #capacity: number;
  #items: (T & { miou: number })[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Worst first. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** Whether a frame would be kept, as things stand. */
  wants({ seconds, miou }: ScoredFrame): boolean {
    if (miou === undefined) return false;
    const near = this.#items.filter((item) => Math.abs(item.seconds - seconds) < APART_SECONDS);
    if (near.length > 0) return near.every((item) => miou < item.miou);
    return this.#items.length < this.#capacity || miou < this.#items.at(-1)!.miou;
  }

  /** Takes a frame that is wanted. */
  add(frame: T): void {
    const { miou } = frame;
    if (miou === undefined || !this.wants(frame)) return;
    this.#items = [
      ...this.#items.filter((item) => Math.abs(item.seconds - frame.seconds) >= APART_SECONDS),
      { ...frame, miou },
    ]
      .sort((a, b) => a.miou - b.miou || a.seconds - b.seconds)
      .slice(0, this.#capacity);
  }
}
