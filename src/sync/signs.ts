/** What one event says about a stream. `trip` leaves no doubt; `bad` and `good` take several in a row. */
export type Sign<F> = { readonly kind: 'good' } | { readonly kind: 'bad' | 'trip'; readonly fault: F };

/** What a row of signs amounts to. */
export interface Belief<F> {
  /** The fault believed in, `undefined` when all is well. */
  readonly fault: F | undefined;
  /** Whether there is a fault, but the last sign was good. */
  readonly recovering: boolean;
}

/**
 * Reads a row of signs, oldest first: a fault takes several bad signs in a row to be believed and several good ones to be
 * forgiven, so that one corrupt message does not silence a sensor and one lucky message does not bring a broken one back.
 * @param tripAfter - bad signs in a row that make a fault
 * @param clearAfter - good signs in a row that end it
 */
export function believe<F>(signs: Iterable<Sign<F>>, tripAfter: number, clearAfter: number): Belief<F> {
  let fault: F | undefined;
  let bad = 0;
  let good = 0;
  for (const sign of signs) {
    if (sign.kind === 'good') {
      bad = 0;
      good++;
      if (good >= clearAfter) fault = undefined;
    } else {
      good = 0;
      bad++;
      if (sign.kind === 'trip' || bad >= tripAfter || fault !== undefined) fault = sign.fault;
    }
  }
  return { fault, recovering: fault !== undefined && good > 0 };
}
