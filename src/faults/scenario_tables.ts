import { z } from 'zod';
import { APPLIES_TO } from './create_fault.js';
import { type FaultKind, faultSchema, scenarioSchema } from './scenario.js';

/** What a JSON schema says of one key, as far as these schemas go. */
interface KeySchema {
  type?: string;
  description?: string;
  default?: unknown;
  const?: string;
  enum?: string[];
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
}

interface ObjectSchema {
  description?: string;
  properties: Record<string, KeySchema>;
  required?: string[];
}

/** Keys every fault has. */
const COMMON: readonly string[] = ['fault', 'modality', 'at', 'until', 'flickerHz'];

/** A Markdown table of all faults and their parameters, from the schema scenarios are checked by. */
export function renderFaultTable(): string {
  const rows = faultSchemas().map(({ description = '', properties, required = [] }) => {
    const kind = properties.fault?.const as FaultKind;
    const own = Object.entries(properties).filter(([name]) => !COMMON.includes(name));
    const parameters = own.map(([name, schema]) => describeKey(name, schema, required)).join('<br>');
    const sensors = APPLIES_TO[kind].length === 4 ? 'all' : APPLIES_TO[kind].join(', ');
    return `| \`${kind}\` | ${sensors} | ${description} | ${parameters || '–'} |`;
  });
  return table(['fault', 'sensors', 'what happens', 'parameters'], rows);
}

/** A Markdown table of the keys every fault has. */
export function renderFaultKeyTable(): string {
  const [{ properties, required = [] }] = faultSchemas() as [ObjectSchema];
  return keyTable({ properties: pick(properties, COMMON.slice(1)), required });
}

/** A Markdown table of what a scenario may promise. */
export function renderExpectationTable(): string {
  const { properties } = z.toJSONSchema(scenarioSchema, { io: 'input' }) as unknown as {
    properties: { expect: ObjectSchema };
  };
  return keyTable(properties.expect);
}

function faultSchemas(): ObjectSchema[] {
  return (z.toJSONSchema(faultSchema, { io: 'input' }) as unknown as { oneOf: ObjectSchema[] }).oneOf;
}

function keyTable({ properties, required = [] }: ObjectSchema): string {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const { description = '' } = schema;
    return `| \`${name}\` | ${constraints(schema, required.includes(name) ? 'required' : 'optional')} | ${description} |`;
  });
  return table(['key', 'value', 'meaning'], rows);
}

function describeKey(name: string, schema: KeySchema, required: readonly string[]): string {
  const need = required.includes(name) ? 'required' : 'optional';
  const meaning = schema.description === undefined ? '' : `: ${schema.description}`;
  return `\`${name}\` (${constraints(schema, need)})${meaning}`;
}

function constraints(schema: KeySchema, need: 'required' | 'optional'): string {
  const { type, minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema;
  const parts: string[] = [];
  if (schema.enum !== undefined) parts.push(schema.enum.map((value) => `\`${value}\``).join(' or '));
  else if (type === 'integer') parts.push('whole number');
  const bounds = [
    minimum === undefined ? '' : `≥ ${minimum}`,
    exclusiveMinimum === undefined ? '' : `> ${exclusiveMinimum}`,
    maximum === undefined ? '' : `≤ ${maximum}`,
    exclusiveMaximum === undefined ? '' : `< ${exclusiveMaximum}`,
  ].filter((bound) => bound !== '');
  parts.push(...bounds);
  if (schema.default !== undefined) parts.push(`default ${JSON.stringify(schema.default)}`);
  if (parts.length === 0) return need;
  return need === 'required' ? `${parts.join(', ')}, required` : parts.join(', ');
}

function table(head: readonly string[], rows: readonly string[]): string {
  return [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows].join('\n');
}

function pick(properties: ObjectSchema['properties'], names: readonly string[]): ObjectSchema['properties'] {
  return Object.fromEntries(names.flatMap((name) => (properties[name] ? [[name, properties[name]]] : [])));
}
