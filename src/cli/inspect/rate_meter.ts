import { millisecondsBetween, peekHeader, type RawMessage, type Stamp } from '../../messages/index.js';

export interface Rate {
  /** Mean, from the first to the last message measured. */
  hz: number;
  /** Standard deviation of the time between messages. */
  jitterMs: number;
  /** What was measured: `header.stamp` where the type has one, else the time of reception. */
  by: 'header stamp' | 'receive time';
}

export interface Delay {
  medianMs: number;
  maxMs: number;
}

/** Enough for a median of the first minute of all but event cameras. */
const MOST_DELAYS = 4000;

/** Measures how regularly the messages of a topic come. Constant memory (Welford's running variance). */
export class RateMeter {
  #previous: Stamp | undefined;
  #by: Rate['by'] | undefined;
  #intervals = 0;
  #meanMs = 0;
  #squares = 0;
  /** From stamp to arrival, of the first messages. */
  readonly #delaysMs: number[] = [];
  #arrival: Stamp | undefined;
  #longestSilenceMs = 0;

  add(raw: RawMessage): void {
    if (this.#arrival !== undefined) {
      this.#longestSilenceMs = Math.max(this.#longestSilenceMs, millisecondsBetween(this.#arrival, raw.receiveStamp));
    }
    this.#arrival = raw.receiveStamp;
    const header = peekHeader(raw);
    if (header.kind === 'header' && this.#delaysMs.length < MOST_DELAYS) {
      this.#delaysMs.push(millisecondsBetween(header.stamp, raw.receiveStamp));
    }
    this.#by ??= header.kind === 'header' ? 'header stamp' : 'receive time';
    if (this.#by === 'header stamp' && header.kind !== 'header') return;
    const stamp = this.#by === 'header stamp' && header.kind === 'header' ? header.stamp : raw.receiveStamp;
    if (this.#previous !== undefined) {
      const intervalMs = millisecondsBetween(this.#previous, stamp);
      this.#intervals++;
      const delta = intervalMs - this.#meanMs;
      this.#meanMs += delta / this.#intervals;
      this.#squares += delta * (intervalMs - this.#meanMs);
    }
    this.#previous = stamp;
  }

  /** The longest time between two arrivals. */
  get longestSilenceMs(): number {
    return this.#longestSilenceMs;
  }

  /** How long after their stamps messages arrive, by the clock of the recording; undefined without stamps. */
  delay(): Delay | undefined {
    const sorted = this.#delaysMs.toSorted((a, b) => a - b);
    const medianMs = sorted[Math.floor(sorted.length / 2)];
    return medianMs === undefined ? undefined : { medianMs, maxMs: sorted.at(-1)! };
  }

  /** Undefined with fewer than two messages, and where stamps do not advance. */
  rate(): Rate | undefined {
    if (this.#by === undefined || this.#intervals === 0 || !(this.#meanMs > 0)) return undefined;
    return { hz: 1000 / this.#meanMs, jitterMs: Math.sqrt(this.#squares / this.#intervals), by: this.#by };
  }
}
