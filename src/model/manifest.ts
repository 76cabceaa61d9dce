import { z } from 'zod';
import { representationSchema } from '../sensors/representation.js';
import { BundleError } from './bundle_error.js';
import { ENCODE_MODES, GRAPH_LAYOUTS, PROVIDER_NAMES } from './providers.js';

/** Labels of pixels no class was given to. Fixed, so that every reader of a mask may rely on it. */
export const UNLABELED_ID = 255;
const FORMAT_VERSION = 1;
const MAX_SIDE = 8192;
/** Exporters write one a graph, or one a tensor. */
const MAX_WEIGHTS = 10_000;

const unique = <T>(key: (item: T) => unknown, what: string) => ({
  check: (items: T[]) => new Set(items.map(key)).size === items.length,
  message: `${what} that occur once`,
});
const modalityNames = unique((item: { name: string }) => item.name, 'modality names');
const classNames = unique((item: { name: string }) => item.name, 'class names');
const classIds = unique((item: { id: number }) => item.id, 'class ids');

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name of letters, digits, _ and -');
const byte = z.number().int().min(0).max(255);
const side = z.number().int().min(16).max(MAX_SIDE);

/**
 * A path inside the bundle's folder. Only the text is checked: hub caches link their files elsewhere on purpose,
 * and what is read must have the given hash anyway.
 */
const relativePath = z
  .string()
  .min(1)
  .refine(
    (path) => !/^[/\\]|^[A-Za-z]:|\\|\0/.test(path) && !path.split('/').includes('..'),
    'a relative path that stays inside the bundle, with / between folders',
  );

const file = z.object({
  path: relativePath,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits'),
});

/** How a figure of single images is spread over the images it was measured on. */
const spread = z.strictObject({ mean: z.number().nonnegative(), std: z.number().nonnegative() });

/** What a modality's images looked like in training; see `measure_input_statistics` of the training package. */
const inputStatistics = z.strictObject({
  images: z.number().int().positive(),
  /** Share of the pixels of an image that know anything. */
  knownShare: spread,
  /** Mean of each channel over these pixels, 0..255. */
  channels: z.tuple([spread, spread, spread]),
});

const manifestSchema = z
  .object({
    formatVersion: z.literal(FORMAT_VERSION),
    name: z.string().min(1),
    description: z.string(),
    input: z.object({ width: side, height: side }),
    modalities: z
      .array(z.object({ name, representation: representationSchema }))
      .min(1)
      .max(16)
      .refine(modalityNames.check, modalityNames.message),
    classes: z
      .array(z.object({ id: byte.max(UNLABELED_ID - 1), name, color: z.tuple([byte, byte, byte]) }))
      .min(1)
      .refine(classIds.check, classIds.message)
      .refine(classNames.check, classNames.message),
    unlabeledId: z.literal(UNLABELED_ID),
    files: z.object({
      encoder: file,
      head: file,
      fused: file.optional(),
      weights: z.array(file).max(MAX_WEIGHTS).default([]),
    }),
    execution: z
      .partialRecord(
        z.enum(PROVIDER_NAMES),
        z.strictObject({ graphs: z.enum(GRAPH_LAYOUTS).optional(), encodeMode: z.enum(ENCODE_MODES).optional() }),
      )
      .default({}),
    inputStatistics: z.record(z.string(), inputStatistics).default({}),
    golden: z.object({ images: z.record(z.string(), file), labels: file }),
    training: z.record(z.string(), z.unknown()).default({}),
  })
  .refine((manifest) => sameNames(Object.keys(manifest.golden.images), manifest.modalities), {
    path: ['golden', 'images'],
    message: 'one image for each modality',
  })
  .refine(({ execution, files }) => execution.cpu?.graphs !== 'fused' || files.fused !== undefined, {
    path: ['execution', 'cpu', 'graphs'],
    message: '"split" where files has no fused graph',
  });

/** `model.json` of a bundle, format version 1. */
export type Manifest = z.infer<typeof manifestSchema>;
/** By modality; empty in bundles exported before these were measured. */
export type InputStatistics = Manifest['inputStatistics'];
export type ManifestFile = z.infer<typeof file>;

/**
 * Validates the text of a `model.json`.
 * @throws {BundleError} naming the first field that is wrong
 */
export function parseManifest(text: string): Manifest {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new BundleError('model.json', 'JSON', shorten(text), 'Export the bundle again.', { cause });
  }
  const outcome = manifestSchema.safeParse(raw);
  if (outcome.success) return outcome.data;
  const issue = outcome.error.issues[0]!;
  const field = fieldName(issue.path);
  throw new BundleError(`model.json ${field}`, expectation(issue), received(raw, issue), advice(field));
}

function sameNames(names: readonly string[], modalities: readonly { name: string }[]): boolean {
  return names.length === modalities.length && modalities.every(({ name: modality }) => names.includes(modality));
}

function fieldName(path: readonly PropertyKey[]): string {
  const joined = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return joined.startsWith('.') ? joined.slice(1) : joined || 'as a whole';
}

/** What the schema wanted, in words that fit behind "Expected". */
function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'invalid_union':
      return representationSchema.options.map((option) => JSON.stringify(option.shape.kind.value)).join(' or ');
    case 'too_small':
      return `${issue.origin === 'array' ? 'a length' : 'a value'} of at least ${issue.minimum}`;
    case 'too_big':
      return `${issue.origin === 'array' ? 'a length' : 'a value'} of at most ${issue.maximum}`;
    case 'unrecognized_keys':
      return 'only known keys';
    default:
      return issue.message;
  }
}

function received(raw: unknown, issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => JSON.stringify(key)).join(', ');
  let value = raw;
  for (const part of issue.path) value = (value as Record<PropertyKey, unknown> | undefined)?.[part];
  return shorten(JSON.stringify(value) ?? 'nothing');
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

function advice(field: string): string {
  if (field === 'formatVersion') {
    return `This release reads format version ${FORMAT_VERSION}: export the bundle again with the training code of this release, or use the release the bundle was made for.`;
  }
  if (field.includes('representation')) {
    return 'The bundle was trained on a representation this release cannot compute: use a newer release, or train on one of these.';
  }
  return 'Correct the manifest or export the bundle again.';
}
