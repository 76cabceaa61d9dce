import type { Stamp } from '../messages/index.js';
import type { ArrivalClock } from './arrival_clock.js';

/** Simulated time does not run evenly, so that no timer can be set on it: it is looked at this often. */
const SIMULATION_INTERVAL_MS = 10;
/** The longest delay a timer takes. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Calls when the node's clock, the system's or a simulated one, reaches a time. */
export class WakeTimer {
  readonly #clock: Pick<ArrivalClock, 'now' | 'clockSource'>;
  readonly #onDue: (now: Stamp) => void;
  #due: Stamp | undefined;
  #timer: { at: Stamp; timeout: NodeJS.Timeout } | undefined;

  /** @param onDue - once a call of {@link set}; may set the next time */
  constructor(clock: Pick<ArrivalClock, 'now' | 'clockSource'>, onDue: (now: Stamp) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Sets the time to wake up at, in place of the one set before; undefined for never. */
  set(due: Stamp | undefined): void {
    this.#due = due;
    // A timer that fires too early looks again, which is cheaper than setting one for every message.
    if (due === undefined || (this.#timer !== undefined && this.#timer.at <= due)) return;
    this.#startTimer(due);
  }

  close(): void {
    this.#due = undefined;
    if (this.#timer !== undefined) clearTimeout(this.#timer.timeout);
    this.#timer = undefined;
  }

  #startTimer(due: Stamp): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer.timeout);
    const leftMs = Math.ceil(Number(due - this.#clock.now()) / 1e6);
    const delayMs = this.#clock.clockSource === 'simulation' ? SIMULATION_INTERVAL_MS : Math.max(leftMs, 0);
    this.#timer = { at: due, timeout: setTimeout(() => this.#look(), Math.min(delayMs, LONGEST_DELAY_MS)) };
  }

  #look(): void {
    this.#timer = undefined;
    const due = this.#due;
    if (due === undefined) return;
    const now = this.#clock.now();
    if (now < due) {
      this.#startTimer(due);
    } else {
      this.#due = undefined;
      this.#onDue(now);
    }
  }
}
