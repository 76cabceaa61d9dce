/** A parameter's value as rclnodejs and YAML give it: integers come as bigint, but a whole number is one as well. */
export type ParameterValue = boolean | bigint | number | string | readonly string[];

/**
 * When a changed value takes effect. `live`: at once. `activate`, `configure`: with that lifecycle transition, so it can
 * only be changed before it. `start`: with the start of the process.
 */
export type Applies = 'live' | 'activate' | 'configure' | 'start';

/**
 * Where a setting has an effect: `both`, on the `node` only (publishing, QoS), or at the `desk` only (scoring). A file
 * may have all of them at both places, and what has no effect there is told.
 */
export type Scope = 'both' | 'node' | 'desk';

/** Smallest and largest value. */
export interface Range {
  from: number;
  to: number;
  /** Set where `from` itself is too small. */
  openBelow?: true;
}

interface Common {
  /** Full name, with dots. */
  name: string;
  /** What it means, a phrase without a full stop. */
  description: string;
  unit?: string;
  applies: Applies;
  /** `both` where it is left out. */
  scope?: Scope;
}

export type ParameterDefinition = Common &
  (
    | { type: 'bool'; default: boolean }
    | { type: 'integer' | 'double'; default: number; range: Range }
    | {
        type: 'string';
        default: string;
        /** The only values there are. */
        choices?: readonly string[];
        /** What any text must look like, with a phrase that says so. */
        format?: { pattern: RegExp; words: string };
      }
    | {
        type: 'string_array';
        default: readonly string[];
        /** What its elements may be; empty where anything may. */
        choices: readonly string[];
        /** What its elements are, where there are no choices. */
        elements?: { words: string; example: readonly string[] };
      }
  );

/** What a value must be, in words that fit behind "Expected". */
export function expectation(definition: ParameterDefinition): string {
  switch (definition.type) {
    case 'bool':
      return 'true or false';
    case 'integer':
      return `a whole number ${rangeWords(definition.range)}`;
    case 'double':
      return `a number ${rangeWords(definition.range)}`;
    case 'string':
      return definition.choices?.join(' or ') ?? definition.format?.words ?? 'a text';
    case 'string_array':
      return `a list of ${definition.choices.join(', ') || (definition.elements?.words ?? 'names')}`;
  }
}

/** `from 1 to 100`, `above 0 and up to 60000`. */
export function rangeWords({ from, to, openBelow }: Range): string {
  return openBelow ? `above ${from} and up to ${to}` : `from ${from} to ${to}`;
}

/** What a value may be, in as few words as a table has room for. */
export function allowedValues(definition: ParameterDefinition): string {
  switch (definition.type) {
    case 'bool':
      return 'true, false';
    case 'integer':
    case 'double':
      return rangeWords(definition.range).replace(/^from (\S+) to/, '$1 to');
    case 'string':
      return definition.choices?.join(', ') ?? definition.format?.words ?? 'any text';
    case 'string_array':
      return definition.choices.join(', ') || (definition.elements?.words ?? 'names');
  }
}
