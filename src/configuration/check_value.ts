import { expectation, type ParameterDefinition, type ParameterValue } from './definition.js';

/** A value of the definition's own kind: numbers are plain numbers here, whatever they came as. */
export type CheckedValue = boolean | number | string | readonly string[];

export type CheckOutcome = { kind: 'valid'; value: CheckedValue } | { kind: 'invalid'; problem: string };

/**
 * Judges a value against its definition. A whole number does for a double, since YAML's `100` is one; nothing else is
 * converted.
 */
export function checkValue(definition: ParameterDefinition, value: ParameterValue): CheckOutcome {
  const checked = narrow(definition, value);
  if (checked !== undefined) return { kind: 'valid', value: checked };
  const problem = `Expected ${expectation(definition)} for ${definition.name} but received ${show(value)}.`;
  return { kind: 'invalid', problem };
}

/** The value as the definition's kind, or undefined where it is none. */
function narrow(definition: ParameterDefinition, value: ParameterValue): CheckedValue | undefined {
  switch (definition.type) {
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'integer':
    case 'double':
      return narrowNumber(definition, value);
    case 'string': {
      if (typeof value !== 'string') return undefined;
      const { choices, format } = definition;
      const fits = (choices?.includes(value) ?? true) && (format?.pattern.test(value) ?? true);
      return fits ? value : undefined;
    }
    case 'string_array': {
      if (!Array.isArray(value)) return undefined;
      // An empty list has no type in a ROS parameter file, so that people write [''].
      const texts = value.filter((text) => text !== '');
      const { choices } = definition;
      const fits = texts.every((text) => typeof text === 'string' && (choices.length === 0 || choices.includes(text)));
      return fits ? texts : undefined;
    }
  }
}

function narrowNumber(
  { type, range }: Extract<ParameterDefinition, { range: unknown }>,
  value: ParameterValue,
): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const number = Number(value);
  if (type === 'integer' && !Number.isSafeInteger(number)) return undefined;
  // Written so that NaN fails.
  const isHighEnough = range.openBelow ? number > range.from : number >= range.from;
  return isHighEnough && number <= range.to ? number : undefined;
}

/** A value as a person wrote it, cut where it is long. */
export function show(value: ParameterValue): string {
  const text = Array.isArray(value)
    ? `[${value.map(show).join(', ')}]`
    : typeof value === 'string'
      ? `'${value}'`
      : `${value}`;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
