import type { PacketReport } from './event_decoder.js';

/** TIME_HIGH has 28 bits and counts units of 64 microseconds: it rolls over every 2^34 microseconds, 4.8 hours. */
const HIGH_RANGE = 2 ** 28;
const UNIT_NANOSECONDS = 64_000;

/** What {@link Evt2Time.restore} goes back to. */
export interface Evt2TimeState {
  high: number;
  rollovers: number;
}

/** The high part of the time in EVT 2.0 and EVT 2.1, which comes in words of its own and lives across packets. */
export class Evt2Time {
  #isKnown = false;
  #high = 0;
  #rollovers = 0;
  #nanoseconds = 0;

  /** Whether a TIME_HIGH has come; events before it have no time. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** The high part, in nanoseconds of the sensor's clock. */
  get nanoseconds(): number {
    return this.#nanoseconds;
  }

  get state(): Evt2TimeState {
    return { high: this.#high, rollovers: this.#rollovers };
  }

  /** @param high - the 28 bits of a TIME_HIGH */
  update(high: number, report: PacketReport): void {
    // Half the range apart is a roll-over; less is the clock stepping back a little.
    const rollovers = this.#rollovers + (this.#high - high > HIGH_RANGE / 2 ? 1 : 0);
    this.#set({ high, rollovers });
    this.#isKnown = true;
    report.firstTime ??= this.#nanoseconds;
    report.lastTime = this.#nanoseconds;
  }

  /** Waits for the next TIME_HIGH, because words were lost. */
  resynchronise(): void {
    this.#isKnown = false;
  }

  /** Goes back to where it was before a packet that turned out to be of another encoding. */
  restore(state: Evt2TimeState): void {
    this.#set(state);
    this.resynchronise();
  }

  #set({ high, rollovers }: Evt2TimeState): void {
    this.#high = high;
    this.#rollovers = rollovers;
    this.#nanoseconds = (rollovers * HIGH_RANGE + high) * UNIT_NANOSECONDS;
  }
}
