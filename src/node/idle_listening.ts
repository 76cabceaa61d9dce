import { IdleSchedule } from './idle_schedule.js';

export interface IdleListeningOptions {
  /** The topics of the sensors. */
  inputs: { rest(): void; listen(): void };
  /** Whether anybody wants a mask now. */
  isWanted: () => boolean;
  /** From one look at the sensors to the next while nobody does; 0: they are listened to all the time. */
  periodMs: number;
  /** Told when topics are let go of. */
  onRest: () => void;
  /** Told before the first message after that, or when none has come for a while. */
  onResume: () => void;
}

/** Demand is looked for so often while nothing is read: well within a frame. */
const DEMAND_INTERVAL_MS = 40;
/** Topics are connected to within this time; from then on silence counts. */
const CONNECTING_MS = 1000;

/**
 * Lets go of the sensors' topics while nobody wants a mask, but for a look at them once in a while, and takes them up again
 * as soon as somebody does.
 */
export class IdleListening {
  readonly #options: IdleListeningOptions;
  readonly #schedule: IdleSchedule;
  readonly #timer: NodeJS.Timeout;
  /** `connecting`: subscribed again, and nothing has come so far. */
  #state: { kind: 'listening' } | { kind: 'resting' | 'connecting'; restingSinceMs: number; sinceMs: number } = {
    kind: 'listening',
  };

  constructor(options: IdleListeningOptions) {
    this.#options = options;
    this.#schedule = new IdleSchedule(options.periodMs, performance.now());
    this.#timer = setInterval(() => this.#look(), DEMAND_INTERVAL_MS);
  }

  /** For how long nothing has been known of the sensors, in milliseconds; undefined while they are listened to. */
  get restingForMs(): number | undefined {
    return this.#state.kind === 'listening' ? undefined : performance.now() - this.#state.restingSinceMs;
  }

  retune(periodMs: number): void {
    this.#schedule.retune(periodMs);
  }

  /** Drivers have come or gone: what became of the sensors is to be found out now. */
  lookNow(): void {
    this.#schedule.lookNow(performance.now());
  }

  /** To be called before anything is done with the sensors: they are listened to from now on. */
  resume(): void {
    if (this.#state.kind === 'listening') return;
    if (this.#state.kind === 'connecting') this.#state = { kind: 'listening' };
    this.#options.onResume();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { inputs, isWanted, onRest } = this.#options;
    const now = performance.now();
    const next = this.#schedule.next(isWanted() ? 'wanted' : 'idle', now);
    const state = this.#state;
    if (next === 'rest') {
      if (state.kind === 'resting') return;
      const restingSinceMs = state.kind === 'connecting' ? state.restingSinceMs : now;
      this.#state = { kind: 'resting', restingSinceMs, sinceMs: now };
      inputs.rest();
      onRest();
    } else if (state.kind === 'resting') {
      this.#state = { ...state, kind: 'connecting', sinceMs: now };
      inputs.listen();
    } else if (state.kind === 'connecting' && now >= state.sinceMs + CONNECTING_MS) {
      this.resume();
    }
  }
}
