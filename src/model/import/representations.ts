import { type Representation, representationSchema } from '../../sensors/representation.js';
import { ImportError } from './import_error.js';

/** Constants where none are given: those of the reference bundle, and common ones for the others. */
const DEFAULTS: readonly Representation[] = [
  { kind: 'rgb' },
  { kind: 'inverse', nearMetres: 1 },
  { kind: 'linear', farMetres: 80 },
  { kind: 'hha', nearMetres: 2, heightMetres: [-1, 7] },
  { kind: 'hha-published' },
  { kind: 'polarity', windowMs: 50 },
  { kind: 'counts-recency', windowMs: 40, countScale: 64 },
  { kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-1, 7], dilation: 1 },
  { kind: 'aolp' },
  { kind: 'dolp' },
  { kind: 'nir' },
];

const BY_MODALITY: Readonly<Record<string, Representation['kind']>> = {
  camera: 'rgb',
  rgb: 'rgb',
  image: 'rgb',
  depth: 'inverse',
  events: 'polarity',
  event: 'polarity',
  lidar: 'range-intensity-height',
  aolp: 'aolp',
  dolp: 'dolp',
  nir: 'nir',
};

/** What a modality of this name usually is; undefined where the name says nothing. */
export function usualRepresentation(modality: string): Representation | undefined {
  const kind = Object.hasOwn(BY_MODALITY, modality) ? BY_MODALITY[modality] : undefined;
  return DEFAULTS.find((representation) => representation.kind === kind);
}

/**
 * Reads `KIND` or `KIND,constant=value,…`; a range is `low..high`.
 * @throws {ImportError} where kind or constants are none that a sensor can be drawn by
 */
export function parseRepresentation(text: string, modality: string): Representation {
  const [kind, ...entries] = text.split(',');
  const usual = DEFAULTS.find((representation) => representation.kind === kind);
  const constants = Object.fromEntries(entries.map((entry) => constant(entry)));
  const outcome = representationSchema.safeParse({ ...usual, kind, ...constants });
  if (outcome.success) return outcome.data;
  const kinds = DEFAULTS.map((representation) => representation.kind).join(', ');
  const expected = usual === undefined ? `one of ${kinds}` : `${kind} with the constants ${describe(usual)}`;
  throw new ImportError(expected, `--representation of ${modality}`, text, 'Write KIND or KIND,constant=value.');
}

function constant(entry: string): [string, unknown] {
  const [name = '', value = ''] = entry.split('=');
  const range = value.split('..');
  return [name, range.length === 2 ? range.map(Number) : Number(value)];
}

function describe({ kind: _, ...constants }: Representation): string {
  const texts = Object.entries(constants).map(
    ([name, value]) => `${name}=${Array.isArray(value) ? value.join('..') : value}`,
  );
  return texts.join(',') || '(none)';
}
