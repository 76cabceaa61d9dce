import { isDeepStrictEqual } from 'node:util';
import { checkValue } from './check_value.js';
import type { ParameterDefinition, ParameterValue } from './definition.js';
import { parseSettings } from './parse_settings.js';
import type { NodeSettings } from './settings.js';
import { parameterTable } from './table.js';
import type { ModalityRole } from './topics.js';
import { unknownParameters } from './unknown_names.js';

/** What is in force before a change. */
export interface ParameterState {
  values: ReadonlyMap<string, ParameterValue>;
  modalities: readonly ModalityRole[];
  /** State of the node's life cycle. */
  phase: 'unconfigured' | 'inactive' | 'active';
}

export type ChangeOutcome =
  | { kind: 'accepted'; settings: NodeSettings; values: ReadonlyMap<string, ParameterValue> }
  | { kind: 'refused'; reason: string };

/**
 * Judges a request to set parameters at run time: all of them are, or none, so that values that only make sense
 * together can be set together.
 * @returns the settings with the changes, or why they are refused and what to do
 */
export function judgeChanges(state: ParameterState, changes: ReadonlyMap<string, ParameterValue>): ChangeOutcome {
  const table = new Map(parameterTable(state.modalities).map((definition) => [definition.name, definition]));
  const values = new Map(state.values);
  const reasons = unknownParameters(changes.keys(), [...table.keys()]);
  for (const [name, value] of changes) {
    const definition = table.get(name);
    if (definition === undefined) continue;
    const obstacle = obstacleTo(definition, value, state);
    if (obstacle !== undefined) reasons.push(obstacle);
    values.set(name, value);
  }
  if (reasons.length > 0) return { kind: 'refused', reason: reasons.join(' ') };
  const parsed = parseSettings(values, state.modalities);
  if (parsed.kind === 'invalid') return { kind: 'refused', reason: parsed.problems.join(' ') };
  return { kind: 'accepted', settings: parsed.settings, values };
}

/** Why this value cannot be set now, if so. Setting what is in force already changes nothing and is always possible. */
function obstacleTo(
  definition: ParameterDefinition,
  value: ParameterValue,
  { values, phase }: ParameterState,
): string | undefined {
  const { name, applies } = definition;
  const wanted = checkValue(definition, value);
  if (wanted.kind === 'invalid') return wanted.problem;
  const current = checkValue(definition, values.get(name) ?? definition.default);
  if (isDeepStrictEqual(wanted, current)) return undefined;
  switch (applies) {
    case 'live':
      return undefined;
    case 'activate':
      if (phase !== 'active') return undefined;
      return `Expected ${name} to be set while the node is not active but it is: deactivate it, set ${name}, activate it.`;
    case 'configure':
      if (phase === 'unconfigured') return undefined;
      return (
        `Expected ${name} to be set while the node is unconfigured but it is ${phase}: ` +
        `${phase === 'active' ? 'deactivate it, ' : ''}clean it up, set ${name} and configure it again.`
      );
    case 'start':
      return `Expected ${name} to be set before the node starts: set it in the parameter or launch file and restart.`;
  }
}
