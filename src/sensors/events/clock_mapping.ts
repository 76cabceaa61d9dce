import type { Stamp } from '../../messages/stamp.js';

/** How the sensor's clock is laid on ROS time. */
export interface ClockMappingOptions {
  /** A packet whose offset is further than this from the estimate does not belong to it. Nanoseconds. */
  jumpNanoseconds: number;
  /** So many such packets in a row, agreeing with each other, mean that one of the clocks jumped. */
  packetsToAgree: number;
}

/** What one packet told about the clocks. */
export type ClockObservation =
  /** The packet agrees with the estimate and was taken into it. */
  | { kind: 'steady' }
  /** The packet disagrees and was left out; the next ones will tell a wrong stamp from a clock that jumped. */
  | { kind: 'doubtful'; offByNanoseconds: number }
  /** One of the clocks jumped: the estimate begins anew, and events decoded before belong to no known time. */
  | { kind: 'jump'; byNanoseconds: number };

const DEFAULTS: ClockMappingOptions = { jumpNanoseconds: 100e6, packetsToAgree: 3 };

/** Odd, so that the median is one of the offsets; half of it is how late the estimate follows a drift. */
const WINDOW = 31;

/**
 * Maps the clock of an event sensor to ROS time: `ros = sensor + offset`. Every packet observes the offset, with the
 * noise of the host that stamped it; the estimate is the median of the last 31, so that single late packets do not move
 * it and a drift of the clocks does. An observation costs a bounded number of steps.
 */
export class ClockMapping {
  readonly #options: ClockMappingOptions;
  /** Offsets are kept as doubles relative to the first one, which is absolute. */
  #reference: bigint | undefined;
  readonly #recent: number[] = [];
  readonly #sorted: number[] = [];
  #doubtful: number[] = [];

  constructor(options: Partial<ClockMappingOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Takes in that the sensor's clock showed `sensorTime` when ROS time was `stamp`.
   * @param sensorTime - nanoseconds of the sensor's clock
   */
  observe(sensorTime: bigint, stamp: Stamp): ClockObservation {
    this.#reference ??= stamp - sensorTime;
    const offset = Number(stamp - sensorTime - this.#reference);
    if (this.#sorted.length === 0) {
      this.#take(offset);
      return { kind: 'steady' };
    }
    const estimate = this.#median();
    const offBy = offset - estimate;
    const { jumpNanoseconds, packetsToAgree } = this.#options;
    if (Math.abs(offBy) <= jumpNanoseconds) {
      this.#doubtful = [];
      this.#take(offset);
      return { kind: 'steady' };
    }
    this.#doubtful = this.#doubtful.filter((other) => Math.abs(other - offset) <= jumpNanoseconds);
    this.#doubtful.push(offset);
    if (this.#doubtful.length < packetsToAgree) return { kind: 'doubtful', offByNanoseconds: offBy };

    const agreed = this.#doubtful;
    this.reset();
    this.#reference = stamp - sensorTime;
    for (const other of agreed) this.#take(other - offset);
    return { kind: 'jump', byNanoseconds: offBy };
  }

  /** The estimate of ROS time minus sensor time in nanoseconds, or undefined before the first packet. */
  get offset(): bigint | undefined {
    if (this.#reference === undefined) return undefined;
    return this.#reference + BigInt(Math.round(this.#median()));
  }

  /** Forgets the estimate, as for a clock never seen. */
  reset(): void {
    this.#reference = undefined;
    this.#recent.length = 0;
    this.#sorted.length = 0;
    this.#doubtful = [];
  }

  #take(offset: number): void {
    if (this.#recent.length === WINDOW) {
      const oldest = this.#recent.shift()!;
      this.#sorted.splice(this.#sorted.indexOf(oldest), 1);
    }
    this.#recent.push(offset);
    const place = this.#sorted.findIndex((other) => other > offset);
    if (place < 0) this.#sorted.push(offset);
    else this.#sorted.splice(place, 0, offset);
  }

  #median(): number {
    return this.#sorted[this.#sorted.length >>> 1]!;
  }
}
