import type { CheckedValue } from './check_value.js';
import type { ParameterDefinition } from './definition.js';

/**
 * Checked values by name, given out as what they are. Asking for a name or a kind the table does not have is a mistake
 * in this program and throws.
 */
export class CheckedValues {
  readonly #values = new Map<string, CheckedValue>();

  set({ name }: ParameterDefinition, value: CheckedValue): void {
    this.#values.set(name, value);
  }

  flag(name: string): boolean {
    const value = this.#values.get(name);
    return typeof value === 'boolean' ? value : wrongKind(name, 'a flag', value);
  }

  number(name: string): number {
    const value = this.#values.get(name);
    return typeof value === 'number' ? value : wrongKind(name, 'a number', value);
  }

  text(name: string): string {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : wrongKind(name, 'a text', value);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#values.get(name);
    return choices.find((choice) => choice === value) ?? wrongKind(name, choices.join(' or '), value);
  }

  texts(name: string): readonly string[] {
    const value = this.#values.get(name);
    return Array.isArray(value) ? value : wrongKind(name, 'a list of texts', value);
  }
}

function wrongKind(name: string, expected: string, received: unknown): never {
  throw new TypeError(`Expected ${expected} in the parameter table for ${name} but received ${String(received)}`);
}
