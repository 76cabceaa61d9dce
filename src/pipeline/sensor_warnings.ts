import type { Reason } from '../sync/index.js';

/** What is to be watched of sensors that are in use, by modality. */
export class SensorWarnings {
  /** By who warns, as each may take back its own only. */
  readonly #by = { content: new Map<string, Reason>(), timing: new Map<string, Reason>() };
  readonly #told = new Map<string, Reason>();

  /** As last told. */
  get told(): ReadonlyMap<string, Reason> {
    return this.#told;
  }

  /**
   * Takes in what one of the two finds now, undefined for nothing.
   * @returns whether something else is to be told of the sensor than before
   */
  update(who: 'content' | 'timing', modality: string, found: Reason | undefined): boolean {
    setOrDelete(this.#by[who], modality, found);
    // A wrong clock also makes content look old: it comes first.
    const cause = this.#by.timing.get(modality) ?? this.#by.content.get(modality);
    if (this.#told.get(modality)?.code === cause?.code) return false;
    setOrDelete(this.#told, modality, cause);
    return true;
  }
}

function setOrDelete<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
