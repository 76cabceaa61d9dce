import { HealthLog, levelName, SYNC } from '../dropout/index.js';
import type { Stamp } from '../messages/index.js';
import { LEVEL_OF_STATE, type Level } from '../pipeline/index.js';
import type { ModalityState } from '../sync/index.js';
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
  /** What it said of each modality and of all together, as it changed. */
  readonly health = new HealthLog();
  readonly #said = new Map<string, string>();
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
    const level = LEVEL_OF_STATE[state as ModalityState];
    if (level !== undefined) this.health.add({ about: modality, at, level: levelName(level), reason });
  }

  /** @param at - when it arrived; it is said again and again, and only what is new counts */
  diagnosis(diagnosis: Diagnosis, at: Stamp): void {
    const { name, level, message } = diagnosis;
    const before = this.worst.get(name);
    if (before === undefined || level > before.level) this.worst.set(name, diagnosis);
    const about = name.slice(name.lastIndexOf(': ') + 2);
    const said = `${level} ${message}`;
    if (this.#said.get(about) === said) return;
    this.#said.set(about, said);
    // A word from before the last change of state may come after it: what a state is worth is known by itself.
    const isHeard = about === SYNC || this.#states.get(about) === message.split(':')[0];
    // `dropped: no message for 0.30 s`: the state stands in front of its reason.
    const reason = about === SYNC ? message : message.replace(/^\w+(: |$)/, '');
    if (isHeard) this.health.add({ about, at, level: levelName(level as Level), reason });
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
