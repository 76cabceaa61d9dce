import type { Stamp } from '../../../src/messages/index.js';

export type Fate = 'mask' | 'overtaken' | 'lost';

/**
 * Accounts for reference frames: each that was sent is told exactly once, in the order of the stamps. Holds those only
 * that have not been told, so that it does not grow.
 */
export class FrameLedger {
  readonly #outstanding = new Set<Stamp>();
  readonly #violation: (text: string) => void;
  readonly #counts = { sent: 0, mask: 0, overtaken: 0, lost: 0 };
  #last: Stamp | undefined;

  /** @param violation - told of a frame that is told twice, out of order, or never was sent */
  constructor(violation: (text: string) => void) {
    this.#violation = violation;
  }

  get counts(): Readonly<Record<'sent' | Fate, number>> {
    return this.#counts;
  }

  /** Sent and not told so far. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  sent(stamp: Stamp): void {
    this.#counts.sent++;
    this.#outstanding.add(stamp);
  }

  told(stamp: Stamp, fate: Fate): void {
    this.#counts[fate]++;
    if (!this.#outstanding.delete(stamp)) this.#violation(`${stamp} was told as ${fate}: twice, or it was never sent`);
    if (this.#last !== undefined && stamp <= this.#last) this.#violation(`${stamp} was told after ${this.#last}`);
    this.#last = stamp;
  }

  /**
   * Nothing more will be told.
   * @param unopened - frames that the synchroniser counts as those that opened no set
   */
  close(unopened: number): void {
    if (this.#outstanding.size === unopened) return;
    this.#violation(`${this.#outstanding.size} frames were never told, and ${unopened} are counted as unopened`);
  }
}
