import type { RawMessage, Stamp } from '../messages/index.js';
import type { SyncEvent } from '../sync/index.js';

/** A set that can become a mask. */
export type SetEvent = Extract<SyncEvent<RawMessage, Stamp>, { matches: unknown }>;

/** A set that was given up for a newer one: only its times are left, its messages are free. */
export interface OvertakenSet {
  readonly kind: 'overtaken';
  readonly stamp: Stamp;
  readonly opened: number;
}

export interface QueuedEvent {
  readonly event: SyncEvent<RawMessage, Stamp> | OvertakenSet;
  /** When it came, by `performance.now()`. */
  readonly queuedAtMs: number;
}

/** What the synchroniser has said and nobody has acted on yet, in its order. */
export class EventQueue {
  readonly #backpressure: 'wait' | 'newest';
  readonly #entries: QueuedEvent[] = [];

  /** @param backpressure - with `newest` at most one set is kept with its messages, however slow the model is */
  constructor(backpressure: 'wait' | 'newest') {
    this.#backpressure = backpressure;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  push(events: readonly SyncEvent<RawMessage, Stamp>[]): void {
    const queuedAtMs = performance.now();
    for (const event of events) {
      if (this.#backpressure === 'newest' && isSet(event)) this.#overtake();
      this.#entries.push({ event, queuedAtMs });
    }
  }

  /** What comes next: a set may still be overtaken before it is taken. */
  get next(): 'set' | 'other' | 'nothing' {
    const [entry] = this.#entries;
    if (entry === undefined) return 'nothing';
    return isSet(entry.event) ? 'set' : 'other';
  }

  shift(): QueuedEvent | undefined {
    return this.#entries.shift();
  }

  #overtake(): void {
    const index = this.#entries.findLastIndex(({ event }) => isSet(event));
    const entry = this.#entries[index];
    if (entry === undefined || !isSet(entry.event)) return;
    const { stamp, opened } = entry.event;
    this.#entries[index] = { ...entry, event: { kind: 'overtaken', stamp, opened } };
  }
}

function isSet(event: QueuedEvent['event']): event is SetEvent {
  return event.kind === 'complete' || event.kind === 'partial';
}
