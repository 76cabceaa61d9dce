import { z } from 'zod';
import { representationSchema } from '../sensors/representation.js';
import { BundleError } from './bundle_error.js';
import type { ManifestFile } from './manifest_fields.js';
import { fromVersion1, GRAPH_KINDS, type Manifest, manifestVersion1, manifestVersion2 } from './manifest_schema.js';

import { OUTPUT_KINDS } from './whole/recipe.js';

export { type ManifestFile, UNLABELED_ID } from './manifest_fields.js';
export type { Manifest } from './manifest_schema.js';

/** By modality; empty in bundles exported before these were measured. */
export type InputStatistics = Manifest['inputStatistics'];

const version = z.object({ formatVersion: z.literal([1, 2]) });

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
  const outcome = readVersion(raw);
  if (outcome.success) return outcome.data;
  const issue = outcome.error.issues[0]!;
  const field = fieldName(issue.path);
  throw new BundleError(`model.json ${field}`, expectation(issue), received(raw, issue), advice(field));
}

function readVersion(raw: unknown) {
  const versioned = version.safeParse(raw);
  if (!versioned.success) return versioned;
  if (versioned.data.formatVersion === 2) return manifestVersion2.safeParse(raw);
  const old = manifestVersion1.safeParse(raw);
  return old.success ? { success: true as const, data: fromVersion1(old.data) } : old;
}

/** Every graph of a bundle with the field of `model.json` that names it. */
export function graphFiles({ formatVersion, graphs }: Manifest): [field: string, file: ManifestFile][] {
  const named = Object.entries(graphsOf(graphs)).flatMap(([name, file]) => (file ? [[name, file] as const] : []));
  const section = formatVersion === 1 ? 'files' : 'graphs';
  return named.map(([name, file]) => [`${section}.${name}`, file]);
}

function graphsOf(graphs: Manifest['graphs']): Record<string, ManifestFile | undefined> {
  switch (graphs.kind) {
    case 'split':
      return { encoder: graphs.encoder, head: graphs.head, fused: graphs.fused };
    case 'fused':
      return { fused: graphs.fused };
    case 'whole':
      return { network: graphs.network };
  }
}

/** Files with weights beside the graphs, each with the field that names it. */
export function weightFiles({ formatVersion, weights }: Manifest): [field: string, file: ManifestFile][] {
  return weights.map((file, index) => [`${weightsField(formatVersion)}.${index}`, file]);
}

/** The field of `model.json` that lists files with weights. */
export function weightsField(formatVersion: Manifest['formatVersion']): string {
  return formatVersion === 1 ? 'files.weights' : 'weights';
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
      return kindsAt(fieldName(issue.path))
        .map((kind) => JSON.stringify(kind))
        .join(' or ');
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

/** What may stand in a field that says of which kind its object is. */
function kindsAt(field: string): readonly string[] {
  if (field.startsWith('graphs.output')) return OUTPUT_KINDS;
  if (field.startsWith('graphs')) return GRAPH_KINDS;
  return representationSchema.options.map((option) => option.shape.kind.value);
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
    return `This release reads format versions 1 and 2: export the bundle again with the training code of this release, or use the release the bundle was made for.`;
  }
  if (field.includes('representation')) {
    return 'The bundle was trained on a representation this release cannot compute: use a newer release, or train on one of these.';
  }
  return 'Correct the manifest or export the bundle again.';
}
