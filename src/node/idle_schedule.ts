/** How long sensors are listened to at a time: what is silent, slow or stamped wrongly shows within it. */
export const LOOK_MS = 2000;
/** Subscribers come and go, and an event camera may be a moment late: so long nothing is let go of. */
const SETTLE_MS = 5000;

/**
 * When the sensors' topics are subscribed to while nobody wants a mask: all the time costs as much as receiving does,
 * which for pictures and clouds is a good part of a core, and never would leave it unsaid which sensor has died meanwhile.
 * So it is for {@link LOOK_MS} in each period.
 */
export class IdleSchedule {
  #periodMs: number;
  #state: { kind: 'listening' | 'resting'; until: number };

  /** @param periodMs - from one look to the next; 0 for listening all the time */
  constructor(periodMs: number, nowMs: number) {
    this.#periodMs = periodMs;
    this.#state = { kind: 'listening', until: nowMs + SETTLE_MS };
  }

  /** Puts another period in force, from the next look on. */
  retune(periodMs: number): void {
    this.#periodMs = periodMs;
  }

  /** Asks for a look at once, because something has changed. */
  lookNow(nowMs: number): void {
    if (this.#state.kind === 'resting') this.#state = { kind: 'listening', until: nowMs + LOOK_MS };
  }

  /** What to do now; asked often. */
  next(demand: 'wanted' | 'idle', nowMs: number): 'listen' | 'rest' {
    if (demand === 'wanted') this.#state = { kind: 'listening', until: nowMs + SETTLE_MS };
    const { kind, until } = this.#state;
    const restMs = this.#periodMs - LOOK_MS;
    if (kind === 'listening' && nowMs >= until && restMs > 0) {
      this.#state = { kind: 'resting', until: nowMs + restMs };
    } else if (kind === 'resting' && (nowMs >= until || restMs <= 0)) {
      this.#state = { kind: 'listening', until: nowMs + LOOK_MS };
    }
    return this.#state.kind === 'listening' ? 'listen' : 'rest';
  }
}
