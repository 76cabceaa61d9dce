import { allowedValues, type ParameterDefinition, type Scope } from './definition.js';
import { parameterTable } from './table.js';
import type { ModalityRole } from './topics.js';

/** `full` has types, ranges and when a change takes effect; `compact` what a first look needs. */
export type TableForm = 'full' | 'compact';

/**
 * The table of all parameters in Markdown. What every modality or every output has stands there once, with `<m>` or
 * `<o>` for its name.
 */
export function renderParameterTable(modalities: readonly ModalityRole[], form: TableForm): string {
  const columns = form === 'full' ? FULL : COMPACT;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    `|${columns.map(() => '---|').join('')}`,
    ...rowsOf(parameterTable(modalities)).map((row) => line(columns.map(({ cell }) => cell(row)))),
  ].join('\n');
}

interface Row {
  name: string;
  definition: ParameterDefinition;
  /** By modality or output, or under an empty name. */
  defaults: Map<string, string>;
}

interface Column {
  title: string;
  cell: (row: Row) => string;
}

const NAME: Column = { title: 'parameter', cell: ({ name }) => `\`${name}\`` };
const DEFAULT: Column = { title: 'default', cell: ({ defaults }) => summary(defaults) };
const MEANING: Column = { title: 'meaning', cell: ({ definition }) => cellText(definition.description) };
const COMPACT = [NAME, DEFAULT, MEANING];
const PLACES: Readonly<Record<Scope, string>> = { both: 'node, desk', node: 'node', desk: 'desk' };
const FULL: Column[] = [
  NAME,
  { title: 'type', cell: ({ definition }) => definition.type },
  DEFAULT,
  { title: 'values', cell: ({ definition }) => cellText(allowedValues(definition)) },
  { title: 'applies', cell: ({ definition }) => definition.applies },
  { title: 'at', cell: ({ definition }) => PLACES[definition.scope ?? 'both'] },
  MEANING,
];

/** Names that several modalities or outputs have, each below its own. */
const SHARED = [
  { pattern: /^modalities\.([^.]+)\.(.+)$/, name: 'modalities.<m>' },
  { pattern: /^outputs\.([^.]+)\.(publish|qos\..+)$/, name: 'outputs.<o>' },
];

function rowsOf(table: readonly ParameterDefinition[]): Row[] {
  const rows = new Map<string, Row>();
  for (const definition of table) {
    const { name, owner } = placeOf(definition.name);
    const row = rows.get(name) ?? { name, definition, defaults: new Map() };
    row.defaults.set(owner, standard(definition));
    rows.set(name, row);
  }
  return [...rows.values()];
}

function placeOf(fullName: string): { name: string; owner: string } {
  for (const { pattern, name } of SHARED) {
    const [, owner, rest] = pattern.exec(fullName) ?? [];
    if (owner !== undefined) return { name: `${name}.${rest}`, owner };
  }
  return { name: fullName, owner: '' };
}

/** One value where all agree, else the first with those that differ from it, or each on its own. */
function summary(defaults: ReadonlyMap<string, string>): string {
  const [common = ''] = defaults.values();
  const others = [...defaults].filter(([, value]) => value !== common);
  if (others.length === 0) return common;
  if (others.length === defaults.size - 1) return [...defaults.values()].join(', ');
  return `${common}; ${others.map(([owner, value]) => `${owner}: ${value}`).join(', ')}`;
}

function standard({ default: value, unit }: ParameterDefinition): string {
  if (value === '' || (Array.isArray(value) && value.length === 0)) return 'empty';
  const text = typeof value === 'string' ? `\`${value}\`` : `${value}`;
  return unit === undefined ? text : `${text} ${unit}`;
}

/** A bar would end the cell. */
function cellText(text: string): string {
  return text.replaceAll('|', '&#124;');
}
