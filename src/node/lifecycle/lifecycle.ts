import {
  type LifecycleState,
  outcomeTransition,
  routeFrom,
  TRANSITIONS,
  type TransitionDescription,
  type TransitionName,
} from './states.js';

/** What a managed node does on its transitions. */
export interface LifecycleCallbacks {
  /** Resolves once the transition is made. Throws to refuse it: the node stays where it was. */
  onTransition: Record<TransitionName, () => Promise<void>>;
  /** Gives everything free after an error; what it throws finalises the node. */
  onError: (reason: string) => Promise<void>;
  /** Told of a transition that was begun and not made. */
  onFailure: (name: TransitionName, reason: string) => void;
  /** Told of every edge that is taken. */
  onEdge: (edge: TransitionDescription) => void;
}

export type TransitionOutcome = { kind: 'done' } | { kind: 'refused' | 'failed'; reason: string };

/**
 * The life of a managed node. rclnodejs's own LifecycleNode runs its callbacks synchronously and so could not load a
 * model without keeping everybody waiting; here they may take their time, the state says so meanwhile, and a second
 * request is refused rather than queued.
 */
export class Lifecycle {
  readonly #callbacks: LifecycleCallbacks;
  #state: LifecycleState = 'unconfigured';
  #error: string | undefined;
  #running: Promise<TransitionOutcome> | undefined;

  constructor(callbacks: LifecycleCallbacks) {
    this.#callbacks = callbacks;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Why the last transition failed, or the node left the active state; undefined after a successful one. */
  get error(): string | undefined {
    return this.#error;
  }

  /** The edges that may be asked for now. */
  get available(): TransitionDescription[] {
    return TRANSITIONS.filter(({ start }) => start === this.#state);
  }

  /** Makes a transition. Never rejects. */
  change(name: TransitionName): Promise<TransitionOutcome> {
    const route = routeFrom(this.#state, name);
    if (route === undefined) {
      const names = [...new Set(this.available.map(({ label }) => label))].join(', ');
      const reason = `Expected one of ${names || 'no transition at all'} in state ${this.#state} but received ${name}`;
      return Promise.resolve({ kind: 'refused', reason });
    }
    this.#take({ id: route.id, label: name, start: this.#state, goal: route.through });
    return this.#track(this.#run(name));
  }

  /**
   * Something went wrong for good between two transitions. The design knows errors of transitions only, so it counts
   * as a deactivation that erred: error processing, then unconfigured.
   */
  async fail(reason: string): Promise<void> {
    await this.#running;
    if (this.#state !== 'active') return;
    this.#take({
      id: routeFrom('active', 'deactivate')!.id,
      label: 'deactivate',
      start: 'active',
      goal: 'deactivating',
    });
    await this.#track(this.#processError(reason));
  }

  /** Shuts down from whatever state, after the transition that is under way. */
  async shutdown(): Promise<void> {
    await this.#running;
    if (this.#state !== 'finalized') await this.change('shutdown');
  }

  async #run(name: TransitionName): Promise<TransitionOutcome> {
    try {
      await this.#callbacks.onTransition[name]();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#callbacks.onFailure(name, reason);
      // Not being able to do what was asked is a failure, with a way back; only a bug is an error.
      if (isBug(error)) return this.#processError(reason);
      this.#error = reason;
      this.#take(outcomeTransition(this.#state, 'failure'));
      return { kind: 'failed', reason };
    }
    this.#error = undefined;
    this.#take(outcomeTransition(this.#state, 'success'));
    return { kind: 'done' };
  }

  async #processError(reason: string): Promise<TransitionOutcome> {
    this.#error = reason;
    this.#take(outcomeTransition(this.#state, 'error'));
    try {
      await this.#callbacks.onError(reason);
      this.#take(outcomeTransition(this.#state, 'success'));
    } catch {
      this.#take(outcomeTransition(this.#state, 'error'));
    }
    return { kind: 'failed', reason };
  }

  #take(edge: TransitionDescription): void {
    this.#state = edge.goal;
    this.#callbacks.onEdge(edge);
  }

  async #track(running: Promise<TransitionOutcome>): Promise<TransitionOutcome> {
    this.#running = running;
    const outcome = await running;
    this.#running = undefined;
    return outcome;
  }
}

function isBug(error: unknown): boolean {
  return !(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError;
}
