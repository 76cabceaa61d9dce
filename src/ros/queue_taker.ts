/** How often it is looked at, at the least, whether more than one message waits. */
const LOOK_EVERY_MS = 50;
/** What waits is taken for so long at once; then the event loop has its turn. */
const LONGEST_MS = 1;
/** Where the topic was not read for long, for this share of that time: what has come meanwhile is taken sooner than more comes. */
const LONGEST_SHARE = 1 / 4;

/**
 * Takes what waits on a topic. rclnodejs takes one message a turn of the event loop, whatever waits: while turns take longer
 * than a fast sensor's period, its messages wait longer and longer, until the middleware loses them. To take all of them
 * in every turn would make the longest turns longer, and is not needed where the loop comes round in time. So one is taken
 * a turn, and every 50 ms those that wait behind it as well: no topic stays behind by more.
 */
export class QueueTaker {
  readonly #onMessage: (data: Uint8Array) => void;
  readonly #depth: number;
  readonly #takeNext: () => void;
  readonly #now: () => number;
  #state: 'idle' | 'taking' = 'idle';
  #received = 0;
  /** When it is looked for more again; what was not taken for lack of time is due at once. */
  #lookAt = Number.NEGATIVE_INFINITY;
  #lastRead: number;

  /**
   * @param depth - messages the middleware keeps: no more are taken at once, so that other topics have their turn
   * @param takeNext - calls {@link receive} with the next message where one waits
   * @param now - milliseconds
   */
  constructor(
    onMessage: (data: Uint8Array) => void,
    depth: number,
    takeNext: () => void,
    now: () => number = () => performance.now(),
  ) {
    this.#onMessage = onMessage;
    this.#depth = depth;
    this.#takeNext = takeNext;
    this.#now = now;
    this.#lastRead = now();
  }

  /** A message came: hands it on, and where it is time, those that wait behind it, in their order. */
  receive(data: Uint8Array): void {
    this.#received++;
    if (this.#state === 'taking') {
      this.#onMessage(data);
      return;
    }
    const came = this.#now();
    this.#state = 'taking';
    try {
      this.#onMessage(data);
      if (came >= this.#lookAt) this.#takeWaiting(came + Math.max(LONGEST_MS, LONGEST_SHARE * (came - this.#lastRead)));
    } finally {
      this.#state = 'idle';
      this.#lastRead = this.#now();
    }
  }

  #takeWaiting(until: number): void {
    for (let taken = 1; taken < this.#depth; taken++) {
      if (this.#now() >= until) return;
      const before = this.#received;
      this.#takeNext();
      if (this.#received > before) continue;
      this.#lookAt = this.#now() + LOOK_EVERY_MS;
      return;
    }
  }
}
