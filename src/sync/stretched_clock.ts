import { MILLISECOND } from './options.js';

/** From a moment of the receive clock on, the synchroniser's clock runs slower by a factor, which may be below 1. */
interface Stretch {
  readonly real: number;
  readonly own: number;
  readonly slowness: number;
}

/** Stretches remembered, to tell when things of a moment ago happened. */
const STRETCHES = 32;
/** In step again, both clocks differ by a multiple of this, so that what is counted in slots of time falls as before. */
const SLOT = 25 * MILLISECOND;

/**
 * The clock the synchroniser waits by. It is the receive clock, but where all messages come more slowly than by their
 * stamps it runs as slowly (or as fast), so that every wait, silence and latency means what it does at full pace.
 */
export class StretchedClock {
  #stretches: Stretch[] = [];

  /** How much slower it runs than the receive clock. */
  get slowness(): number {
    return this.#stretches.at(-1)?.slowness ?? 1;
  }

  /** Whether it is the receive clock, and has always been. */
  get isReal(): boolean {
    return this.#stretches.length === 0;
  }

  /** From `now` on (receive time) it runs slower by this factor. */
  setSlowness(slowness: number, now: number): void {
    if (slowness === this.slowness) return;
    const exact = this.ownTime(now);
    const own = slowness === 1 ? now - Math.floor((now - exact) / SLOT) * SLOT : exact;
    this.#stretches.push({ real: now, own, slowness });
    if (this.#stretches.length > STRETCHES) this.#stretches.shift();
  }

  /** @param real - receive time, as late as any before or nearly so */
  ownTime(real: number): number {
    const last = this.#stretches.at(-1);
    if (last === undefined) return real;
    // What lies before is a receive clock that was set back.
    return last.own + (real < last.real ? real - last.real : (real - last.real) / last.slowness);
  }

  /** Receive time of a moment of this clock. */
  realTime(own: number): number {
    const [first] = this.#stretches;
    if (first === undefined) return own;
    const stretch = this.#stretches.findLast((each) => each.own <= own);
    if (stretch === undefined) return first.real + (own - first.own);
    return stretch.real + (own - stretch.own) * stretch.slowness;
  }

  /** The first receive time at which this clock shows `own` or later. */
  realTimeFrom(own: number): number {
    if (this.#stretches.length === 0) return own;
    let real = Math.ceil(this.realTime(own));
    while (this.ownTime(real) < own) real++;
    return real;
  }
}
