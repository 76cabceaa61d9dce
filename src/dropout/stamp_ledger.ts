import type { Stamp } from '../messages/index.js';

/** `delivered`: the stamp of a mask is that of a message of its reference, used for no mask before. */
export type StampOrigin = 'delivered' | 'unknown' | 'repeated';

/** Which stamps a pipeline was given, and which it has made masks of. */
export class StampLedger {
  readonly #delivered = new Map<string, number>();
  readonly #used = new Map<string, number>();
  #last: Stamp | undefined;

  /** A message of the modality reached the pipeline. */
  deliver(modality: string, stamp: Stamp): void {
    count(this.#delivered, `${modality} ${stamp}`);
  }

  /**
   * The pipeline made a mask of a message of the modality. A stamp may be used again only where it was delivered again,
   * after a clock jump, and never twice in a row.
   */
  use(modality: string, stamp: Stamp): StampOrigin {
    const key = `${modality} ${stamp}`;
    const uses = count(this.#used, key);
    const isSameAsLast = this.#last === stamp;
    this.#last = stamp;
    const deliveries = this.#delivered.get(key) ?? 0;
    if (deliveries === 0) return 'unknown';
    return uses > deliveries || isSameAsLast ? 'repeated' : 'delivered';
  }
}

function count(counts: Map<string, number>, key: string): number {
  const next = (counts.get(key) ?? 0) + 1;
  counts.set(key, next);
  return next;
}
