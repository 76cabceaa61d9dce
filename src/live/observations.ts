import type { Stamp } from '../messages/index.js';
import type { FaultRun, FaultState } from './fault_state.js';
import type { JournalBatch } from './relay_journal.js';

/** A mask as it arrived. */
export interface SeenMask {
  stamp: Stamp;
  /** When it arrived. */
  at: Stamp;
}

/** What a mask was made from: stamp of each modality's sample. */
export type Composition = ReadonlyMap<string, Stamp>;

/** A modality's state as the node tells it. */
export interface StateChange {
  modality: string;
  state: string;
  reason: string;
  at: Stamp;
}

/** A status of /diagnostics. */
export interface Diagnosis {
  name: string;
  /** As in diagnostic_msgs: 0 ok, 1 warning, 2 error, 3 stale. */
  level: number;
  message: string;
}

/** A stamp and when the message that bears it passed. */
export interface Passed {
  stamp: Stamp;
  at: Stamp;
}

/**
 * All that is seen of a node from outside. Nothing is judged here. It grows by some hundred bytes a message, which is
 * meant for minutes, not for days.
 */
export class Observations {
  readonly masks: SeenMask[] = [];
  readonly compositions = new Map<Stamp, Composition>();
  readonly changes: StateChange[] = [];
  /** What sensors sent, by modality. */
  readonly upstream = new Map<string, Passed[]>();
  /** What was left of it for the node, in the order it was sent. */
  readonly delivered: (Passed & { modality: string })[] = [];
  /** The worst each part of the node said about itself. */
  readonly worst = new Map<string, Diagnosis>();
  readonly #states = new Map<string, string>();
  #runs: readonly FaultRun[] = [];
  #faults: FaultState | undefined;

  /** The injector's last word; undefined before the first. */
  get faults(): FaultState | undefined {
    return this.#faults;
  }

  get runs(): readonly FaultRun[] {
    return this.#runs;
  }

  mask(mask: SeenMask): void {
    this.masks.push(mask);
  }

  composition(stamp: Stamp, composition: Composition): void {
    this.compositions.set(stamp, composition);
  }

  /** A modality's state, said again or new. */
  state({ modality, state, reason, at }: StateChange): void {
    if (this.#states.get(modality) === state) return;
    this.#states.set(modality, state);
    this.changes.push({ modality, state, reason, at });
  }

  diagnosis(diagnosis: Diagnosis): void {
    const before = this.worst.get(diagnosis.name);
    if (before === undefined || diagnosis.level > before.level) this.worst.set(diagnosis.name, diagnosis);
  }

  relayed({ received, sent }: JournalBatch): void {
    for (const { modality, stamp, at } of received) {
      const passed = this.upstream.get(modality) ?? [];
      passed.push({ stamp, at });
      this.upstream.set(modality, passed);
    }
    this.delivered.push(...sent);
  }

  /** @param since - runs that had ended before are none of ours: the injector's last state is latched */
  fault(state: FaultState, since: Stamp): void {
    this.#faults = state;
    this.#runs = state.runs.filter(({ endedAt }) => endedAt === null || endedAt >= since);
  }
}
