/**
 * A fault that takes several bad signs in a row to be believed and several good ones to be forgiven, so that one
 * corrupt message does not silence a sensor and one lucky message does not bring a broken one back.
 * @typeParam F - description of a fault
 */
export class Hysteresis<F> {
  #tripAfter: number;
  #clearAfter: number;
  #fault: F | undefined;
  #bad = 0;
  #good = 0;

  /**
   * @param tripAfter - bad signs in a row that make a fault
   * @param clearAfter - good signs in a row that end it
   */
  constructor(tripAfter: number, clearAfter: number) {
    this.#tripAfter = tripAfter;
    this.#clearAfter = clearAfter;
  }

  /** Counts to other limits from the next sign on. */
  retune(tripAfter: number, clearAfter: number): void {
    this.#tripAfter = tripAfter;
    this.#clearAfter = clearAfter;
  }

  /** The fault believed in, `undefined` when all is well. */
  get fault(): F | undefined {
    return this.#fault;
  }

  /** Whether there is a fault, but the last sign was good. */
  get recovering(): boolean {
    return this.#fault !== undefined && this.#good > 0;
  }

  bad(fault: F): void {
    this.#good = 0;
    this.#bad++;
    if (this.#bad >= this.#tripAfter || this.#fault !== undefined) this.#fault = fault;
  }

  /** Makes a fault at once, for signs that leave no doubt. */
  trip(fault: F): void {
    this.#good = 0;
    this.#fault = fault;
  }

  good(): void {
    this.#bad = 0;
    if (this.#fault === undefined) return;
    this.#good++;
    if (this.#good >= this.#clearAfter) this.clear();
  }

  clear(): void {
    this.#fault = undefined;
    this.#bad = 0;
    this.#good = 0;
  }
}
