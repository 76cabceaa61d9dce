import type { ModalityState } from '../sync/index.js';

/** A stretch of time a modality spent in one state, in seconds since the start of the bag. */
export interface StateSpan {
  state: ModalityState;
  from: number;
  to: number;
  reason?: string;
}

/** Follows the state of one modality. A modality that never reported is `waiting` from the start. */
export class StateTimeline {
  readonly #spans: StateSpan[] = [];
  #state: ModalityState = 'waiting';
  #reason: string | undefined;
  #since = 0;
  #changes = 0;

  /** State changes seen, the initial `waiting` not counted. */
  get changes(): number {
    return this.#changes;
  }

  /** @param seconds - since the start of the bag; a time before the last change counts as that change's time */
  change(seconds: number, state: ModalityState, reason?: string): void {
    if (state === this.#state && reason === this.#reason) return;
    if (state !== this.#state) this.#changes++;
    this.#close(seconds);
    this.#state = state;
    this.#reason = reason;
  }

  /** All spans up to `end`, seconds since the start of the bag. */
  spans(end: number): StateSpan[] {
    const open = this.#span(end);
    return open.to > open.from ? [...this.#spans, open] : [...this.#spans];
  }

  #close(seconds: number): void {
    const span = this.#span(seconds);
    if (span.to > span.from) this.#spans.push(span);
    this.#since = span.to;
  }

  #span(end: number): StateSpan {
    const to = Math.max(end, this.#since);
    const span: StateSpan = { state: this.#state, from: this.#since, to };
    return this.#reason === undefined ? span : { ...span, reason: this.#reason };
  }
}

/** Seconds spent in each state that occurs. */
export function secondsPerState(spans: readonly StateSpan[]): Partial<Record<ModalityState, number>> {
  const seconds: Partial<Record<ModalityState, number>> = {};
  for (const { state, from, to } of spans) seconds[state] = (seconds[state] ?? 0) + to - from;
  return seconds;
}
