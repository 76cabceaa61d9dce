import { SECOND } from './options.js';
import type { StampValue } from './origin.js';
import { describeReason, type Reason } from './reason.js';
import type { Stream } from './stream.js';

/** Time without a set, while something arrives, that has to be told. */
const STALL_AFTER = 2 * SECOND;

/** Watches whether sets come while messages do. */
export class StallWatch {
  #lastMessage = -Infinity;
  /** Since when something has been arriving without a longer break. */
  #arrivingSince = -Infinity;
  #lastSet = -Infinity;
  #since: number | undefined;

  /** Since when there has been no set although messages arrive; `undefined` while all is well. */
  get since(): number | undefined {
    return this.#since;
  }

  messageCame(now: number): void {
    if (now - this.#lastMessage > STALL_AFTER) this.#arrivingSince = now;
    this.#lastMessage = now;
  }

  /** @returns whether this ends a stall */
  setCame(now: number): 'resumed' | 'as-before' {
    this.#lastSet = now;
    if (this.#since === undefined) return 'as-before';
    this.#since = undefined;
    return 'resumed';
  }

  /** When {@link check} has something to say if no set comes before; `Infinity` for never. */
  get due(): number {
    if (this.#since !== undefined || this.#lastMessage === -Infinity) return Infinity;
    const due = Math.max(this.#arrivingSince, this.#lastSet) + STALL_AFTER;
    // Where nothing has come meanwhile, there is nothing to be missed.
    return this.#lastMessage > due - STALL_AFTER ? due : Infinity;
  }

  check(now: number): 'stalled' | 'as-before' {
    if (now < this.due) return 'as-before';
    this.#since = Math.max(this.#arrivingSince, this.#lastSet);
    return 'stalled';
  }

  /** So much time has gone by in which nothing could be heard. */
  skip(by: number): void {
    this.#lastMessage += by;
    this.#arrivingSince += by;
    this.#lastSet += by;
  }

  /** Waits anew, from the next message on. */
  restart(): void {
    this.#lastMessage = -Infinity;
    this.#arrivingSince = -Infinity;
    this.#lastSet = -Infinity;
    this.#since = undefined;
  }
}

/**
 * Which stream keeps the sets from coming, and how: an essential one that is missing, or the one that should pace.
 * @param silence - how long no set has come
 */
export function stallCause<T, S extends StampValue>(
  streams: readonly Stream<T, S>[],
  first: Stream<T, S> | undefined,
  silence: number,
): Extract<Reason, { code: 'no-sets' }> {
  const isMissing = ({ options, verdict }: Stream<T, S>) =>
    options.necessity === 'essential' && verdict.state !== 'disabled' && !verdict.isUsable;
  const culprit = streams.find(isMissing) ?? first ?? streams[0]!;
  const { state, cause } = culprit.verdict;
  const because = cause === undefined ? `is ${state}` : `is ${state}: ${describeReason(cause)}`;
  return { code: 'no-sets', silence, modality: culprit.modality, because };
}
