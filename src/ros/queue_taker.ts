/** After so long the event loop has its turn, and what still waits comes with the next message. */
const LONGEST_MS = 2;

/**
 * Takes all messages that wait on a topic. rclnodejs takes one a turn of the event loop, whatever waits: while the process is
 * busy a fast sensor then falls behind, and stays behind, by as much as the middleware keeps.
 */
export class QueueTaker {
  readonly #onMessage: (data: Uint8Array) => void;
  readonly #depth: number;
  readonly #takeNext: () => void;
  readonly #now: () => number;
  #state: 'idle' | 'taking' = 'idle';
  #received = 0;

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
  }

  /** A message came: hands it on, and then those that wait behind it, in their order, while there is time. */
  receive(data: Uint8Array): void {
    this.#received++;
    const until = this.#now() + LONGEST_MS;
    this.#onMessage(data);
    if (this.#state === 'taking') return;
    this.#state = 'taking';
    try {
      for (let taken = 1; taken < this.#depth && this.#now() < until; taken++) {
        const before = this.#received;
        this.#takeNext();
        if (this.#received === before) return;
      }
    } finally {
      this.#state = 'idle';
    }
  }
}
