import { asSample } from './collector.js';
import type { StampValue } from './origin.js';
import { describeReason, type Reason } from './reason.js';
import type { HeldSample } from './sample_buffer.js';
import type { Stream } from './stream.js';
import type { SyncEvent, SyncOutcome } from './sync_event.js';

/** What has happened and was not yet handed on, and how many sets came of it. */
export class EventLog<T, S extends StampValue> {
  readonly #events: SyncEvent<T, S>[] = [];
  readonly #sets = { complete: 0, partial: 0, dropped: 0 };

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  /** Sets since the start. */
  get sets() {
    return { ...this.#sets };
  }

  /** Hands on what has come up since the last call. */
  take(): SyncEvent<T, S>[] {
    return this.#events.splice(0);
  }

  reset(reason: string, at: number): void {
    this.#events.push({ kind: 'reset', reason, at });
  }

  /** Something has to be said against a stream that is in use, or no more where the cause is undefined. */
  warn({ modality }: Stream<T, S>, cause: Reason | undefined, at: number): void {
    this.#events.push({ kind: 'warning', modality, cause, reason: cause && describeReason(cause), at });
  }

  /** Takes over what a stream's verdict says, where that is something else than was reported. */
  follow(stream: Stream<T, S>, at: number): void {
    const from = stream.reported.state;
    const { state: to, cause, warning } = stream.verdict;
    if (warning?.code !== stream.warned?.code) this.warn(stream, warning, at);
    stream.warned = warning;
    if (from === to) return;
    if (to === 'dropped') stream.releaseAll();
    stream.reported = { state: to, since: at };
    stream.counters.transitions++;
    const reason = cause && describeReason(cause);
    this.#events.push({ kind: 'transition', modality: stream.modality, from, to, reason, cause, at });
  }

  probe({ modality }: Stream<T, S>, sample: HeldSample<T, S>): void {
    this.#events.push({ kind: 'probe', modality, sample: asSample(sample) });
  }

  stalled(cause: Extract<Reason, { code: 'no-sets' }>, at: number): void {
    this.#events.push({ kind: 'stalled', modality: cause.modality, cause, reason: describeReason(cause), at });
  }

  resumed(at: number): void {
    this.#events.push({ kind: 'resumed', at });
  }

  /** A set was closed. */
  outcome(outcome: SyncOutcome<T, S>): void {
    this.#sets[outcome.kind]++;
    this.#events.push(outcome);
  }
}
