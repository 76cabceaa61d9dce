import type { Stamp } from '../messages/index.js';
import type { ModelNeeds } from '../model/index.js';
import {
  LEVEL,
  type Level,
  type ModalityChange,
  type ModalityHealth,
  type ModalityWarning,
  modalityDiagnostic,
  syncDiagnostic,
} from '../pipeline/index.js';
import { HealthLog, type LevelName, SYNC } from './health_log.js';

/** Turns a run's changes of state into what `/diagnostics` would have said from then on. */
export class HealthStatements {
  readonly log = new HealthLog();
  readonly #healths: Map<string, ModalityHealth>;
  readonly #essential: ReadonlySet<string>;
  readonly #models: readonly ModelNeeds[];

  constructor(modalities: readonly string[], essential: ReadonlySet<string>, models: readonly ModelNeeds[] = []) {
    this.#models = models;
    this.#healths = new Map(
      modalities.map((modality) => [modality, { modality, state: 'waiting', reason: undefined }]),
    );
    this.#essential = essential;
  }

  changed({ modality, to, reason, at }: Pick<ModalityChange, 'modality' | 'to' | 'reason' | 'at'>): void {
    this.#state({ ...this.#healths.get(modality), modality, state: to, reason }, at);
  }

  warned({ modality, reason, at }: Pick<ModalityWarning, 'modality' | 'reason' | 'at'>): void {
    const health = this.#healths.get(modality);
    if (health !== undefined) this.#state({ ...health, doubt: reason }, at);
  }

  #state(health: ModalityHealth, at: Stamp): void {
    const { modality, reason, doubt } = health;
    this.#healths.set(modality, health);
    const { level } = modalityDiagnostic('', health);
    this.log.add({ about: modality, at, level: levelName(level), reason: reason ?? doubt ?? '' });
    const together = syncDiagnostic('', [...this.#healths.values()], this.#essential, undefined, this.#models);
    this.log.add({ about: SYNC, at, level: levelName(together.level), reason: together.message });
  }
}

const NAMES: Readonly<Record<Level, LevelName>> = {
  [LEVEL.ok]: 'ok',
  [LEVEL.warn]: 'warn',
  [LEVEL.error]: 'error',
  [LEVEL.stale]: 'stale',
};

/** A level of diagnostic_msgs by its name. */
export function levelName(level: Level): LevelName {
  return NAMES[level];
}
