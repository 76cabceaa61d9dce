import type { Stamp } from '../messages/index.js';
import type { RosNode } from '../ros/index.js';

/** The clock is looked at this often at least, well within {@link LONGEST_TURN}. */
const BEAT_MS = 20;
/** A turn of the event loop that takes longer holds up messages. */
const LONGEST_TURN: Stamp = 50_000_000n;

export interface ArrivalClockOptions {
  ros: Pick<RosNode, 'now' | 'clockSource'>;
  /**
   * Told before anything is done at `now` that nothing was done during the last `by` nanoseconds, although something may
   * have come.
   */
  onHeldUp: (by: number, now: Stamp) => void;
  beatMs?: number;
}

/**
 * The clock messages are received by: the time of day, or simulated time. Where the process was held up (by garbage, by other
 * processes), messages wait in the middleware meanwhile, and every sensor would count as silent, although none was. So
 * this clock sees that it has not been asked for too long, and says so. It does not go slower to make up for it: messages
 * would seem to have been stamped ahead of their time, and on a busy machine it would never catch up.
 */
export class ArrivalClock {
  readonly #ros: ArrivalClockOptions['ros'];
  readonly #onHeldUp: ArrivalClockOptions['onHeldUp'];
  readonly #beatMs: number;
  #last: Stamp | undefined;
  #beat: NodeJS.Timeout | undefined;

  constructor({ ros, onHeldUp, beatMs = BEAT_MS }: ArrivalClockOptions) {
    this.#ros = ros;
    this.#onHeldUp = onHeldUp;
    this.#beatMs = beatMs;
    this.resume();
  }

  get clockSource(): RosNode['clockSource'] {
    return this.#ros.clockSource;
  }

  /** 0 while simulated time has not begun. */
  now(): Stamp {
    const now = this.#ros.now();
    const last = this.#last;
    // Who asks meanwhile does not take messages in.
    this.#last = this.#beat === undefined ? undefined : now;
    // Simulated time goes in steps of any size.
    if (last !== undefined && this.#ros.clockSource === 'system') {
      const heldUp = now - last - LONGEST_TURN;
      if (heldUp > 0n) this.#onHeldUp(Number(heldUp), now);
    }
    return now;
  }

  /** Nothing is to be received for a while: the clock need not be looked at. */
  rest(): void {
    clearInterval(this.#beat);
    this.#beat = undefined;
    this.#last = undefined;
  }

  /** Ends a {@link rest}, which was no hold-up. */
  resume(): void {
    this.#beat ??= setInterval(() => this.now(), this.#beatMs);
  }

  close(): void {
    this.rest();
  }
}
