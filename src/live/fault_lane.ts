import type { FaultInjector } from '../faults/index.js';
import type { RawMessage, Stamp } from '../messages/index.js';

/** What comes out of a lane. */
export interface LaneListener {
  /** To be passed on now. */
  send(message: RawMessage): void;
  /** Something went wrong with a message, which is lost. */
  problem(text: string): void;
}

/** Messages that may wait for a fault which is slower than the sensor: two seconds of a fast camera. */
const MAX_WAITING = 60;

/**
 * One topic on its way through the injector. Without a fault a message leaves within the call that brings it, the very
 * same bytes; with faults messages are changed one after the other, and other lanes do not wait for them.
 */
export class FaultLane {
  readonly #listener: LaneListener;
  #injector: FaultInjector | undefined;
  /** Faults that act no more and still hold messages back: those come when they are due. */
  readonly #draining = new Set<FaultInjector>();
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #overruns = 0;

  constructor(listener: LaneListener) {
    this.#listener = listener;
  }

  /** Messages lost because faults take longer than the sensor's period. */
  get overruns(): number {
    return this.#overruns;
  }

  /** When the next message that a fault holds back is due. */
  get nextDue(): Stamp | undefined {
    let least: Stamp | undefined;
    for (const injector of this.#holding()) {
      const due = injector.nextDue();
      if (due !== undefined && (least === undefined || due < least)) least = due;
    }
    return least;
  }

  /** For messages received from now on other faults act, or none. */
  install(injector: FaultInjector | undefined): void {
    if (this.#injector !== undefined) this.#draining.add(this.#injector);
    this.#injector = injector;
  }

  receive(message: RawMessage): void {
    const injector = this.#injector;
    if (injector === undefined && this.#waiting === 0) {
      this.#send([message]);
      return;
    }
    if (this.#waiting >= MAX_WAITING) {
      this.#overruns++;
      return;
    }
    this.#enqueue(async () => (injector === undefined ? [message] : injector.receive(message)));
  }

  /** Lets go what is due. */
  release(now: Stamp): void {
    for (const injector of this.#holding()) this.#send(injector.release(now));
    if (this.#waiting > 0) return;
    for (const injector of this.#draining) if (injector.nextDue() === undefined) this.#draining.delete(injector);
  }

  /** Settles once everything received so far has left or is held back. */
  settled(): Promise<void> {
    return this.#tail;
  }

  *#holding(): Iterable<FaultInjector> {
    yield* this.#draining;
    if (this.#injector !== undefined) yield this.#injector;
  }

  #enqueue(step: () => Promise<readonly RawMessage[]>): void {
    this.#waiting++;
    this.#tail = this.#tail
      .then(step)
      .then(
        (messages) => this.#send(messages),
        (error: Error) => this.#listener.problem(error.message),
      )
      .finally(() => {
        this.#waiting--;
      });
  }

  /** A message that cannot be sent must not keep the next ones from it. */
  #send(messages: readonly RawMessage[]): void {
    for (const message of messages) {
      try {
        this.#listener.send(message);
      } catch (error) {
        this.#listener.problem((error as Error).message);
      }
    }
  }
}
