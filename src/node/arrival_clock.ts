import type { Stamp } from '../messages/index.js';
import type { RosNode } from '../ros/index.js';

/** The clock goes on by itself this often, well within its longest step. */
const BEAT_MS = 20;
/** So much time goes by between two turns of the event loop at most; the rest is made up for turn by turn. */
const LONGEST_STEP: Stamp = 50_000_000n;
/**
 * Where it was held up for longer, the clock is right at once. The middleware keeps so much of a sensor of 10 Hz, and less
 * of faster ones: what waits is newer than this clock would be, and would seem to have been stamped ahead of its time.
 */
const LONGEST_LAG: Stamp = 500_000_000n;

/**
 * The clock messages are received by. Where the process itself was held up (by garbage, by other processes), messages
 * wait in the middleware meanwhile, and by the time of day they would all arrive late at once: every sensor would count
 * as silent, and none was. So this clock takes small steps only, one a turn of the event loop: what waited is received
 * in the rhythm it came in, and then the clock has caught up. After half a second what came first is lost, and the sensors
 * are told silent for a moment. Simulated time is taken as it comes.
 */
export class ArrivalClock {
  readonly #ros: Pick<RosNode, 'now' | 'clockSource'>;
  #last: Stamp | undefined;
  /** Where time may get to in this turn; undefined before it is first asked for. */
  #limit: Stamp | undefined;
  readonly #beatMs: number;
  #beat: NodeJS.Timeout | undefined;

  constructor(ros: Pick<RosNode, 'now' | 'clockSource'>, beatMs: number = BEAT_MS) {
    this.#ros = ros;
    this.#beatMs = beatMs;
    this.resume();
  }

  get clockSource(): RosNode['clockSource'] {
    return this.#ros.clockSource;
  }

  /** 0 while simulated time has not begun. */
  now(): Stamp {
    const real = this.#ros.now();
    const last = this.#last;
    if (this.#ros.clockSource === 'simulation' || last === undefined || real < last) return this.#set(real);
    this.#limit ??= this.#startTurn(last);
    const isFarBehind = this.#limit < real - LONGEST_LAG;
    return this.#set(isFarBehind || real < this.#limit ? real : this.#limit);
  }

  /** Nothing is to be received for a while: the clock need not go on by itself. */
  rest(): void {
    clearInterval(this.#beat);
    this.#beat = undefined;
  }

  /** Ends a {@link rest}; the clock is right at once if it was a long one. */
  resume(): void {
    this.#beat ??= setInterval(() => this.now(), this.#beatMs);
  }

  close(): void {
    this.rest();
  }

  #startTurn(last: Stamp): Stamp {
    setImmediate(() => {
      this.#limit = undefined;
    });
    return last + LONGEST_STEP;
  }

  #set(now: Stamp): Stamp {
    this.#last = now;
    return now;
  }
}
