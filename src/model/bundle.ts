import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, posix, resolve } from 'node:path';
import { refuseSpecialFile } from '../files/index.js';
import type { ImageSize } from '../sensors/modality_image.js';
import type { Representation } from '../sensors/representation.js';
import { BundleError } from './bundle_error.js';
import { externalWeights } from './external_weights.js';
import { decodeGoldenSample, type GoldenSample } from './golden.js';
import {
  graphFiles,
  type InputStatistics,
  type Manifest,
  type ManifestFile,
  parseManifest,
  weightFiles,
  weightsField,
} from './manifest.js';
import { type GraphPrecision, graphPrecision } from './precision.js';
import type { Execution, GraphFiles, ModelFiles } from './providers.js';
import type { AbsentRule } from './whole/recipe.js';

/** A modality the model has an expert or an input for. */
export interface BundleModality {
  name: string;
  representation: Representation;
  /** What the model gets while it is missing; without, it is left out, as MLE-SAM can. */
  absent?: AbsentRule;
}

export interface BundleClass {
  /** Value of the class in a mask, 0..254. */
  id: number;
  name: string;
  /** Red, green, blue, 0..255. */
  color: readonly [number, number, number];
}

/** A model as it is trained, shipped and run: a folder that has been read and checked by {@link loadBundle}. */
export interface Bundle {
  folder: string;
  name: string;
  description: string;
  /** SHA-256 of `model.json`, which holds every file's own: it pins down all that decides a mask. */
  sha256: string;
  /** Size of the images the model takes and of the masks it gives. */
  input: ImageSize;
  /** In index order: the order of images in a batch and of `present` in a segmentation. */
  modalities: readonly BundleModality[];
  classes: readonly BundleClass[];
  /** 255: pixels no class was given to. */
  unlabeledId: number;
  /** Graphs by absolute path. */
  files: GraphFiles;
  /** Of the graphs' weights and sums. */
  precision: GraphPrecision;
  /** What is fastest on each provider; the provider's own default where it says nothing. */
  execution: Execution;
  golden: GoldenSample;
  /** What the images of a modality looked like in training, by name; empty where the bundle does not say. */
  inputStatistics: InputStatistics;
  /** What the exporter tells about training and scores; shown, never interpreted. */
  training: Readonly<Record<string, unknown>>;
}

const MAX_MANIFEST_BYTES = 1 << 20;
const MAX_GOLDEN_BYTES = 1 << 28;
/** Files are hashed in pieces of this size. */
const PIECE_BYTES = 1 << 20;

/**
 * Reads a bundle's folder: manifest, hashes of all files, golden sample. The graphs are only hashed, not loaded.
 * @throws {BundleError} where anything is missing or differs from what the manifest says
 */
export async function loadBundle(folder: string): Promise<Bundle> {
  const manifestBytes = await readWhole(resolve(folder), 'model.json', 'model.json', MAX_MANIFEST_BYTES);
  const manifest = parseManifest(manifestBytes.toString('utf8'));
  const root = resolve(folder);
  for (const [field, file] of [...graphFiles(manifest), ...weightFiles(manifest)]) await checkFile(root, field, file);
  for (const [field, file] of graphFiles(manifest)) await checkWeights(root, field, file, manifest);
  return {
    folder: root,
    name: manifest.name,
    description: manifest.description,
    sha256: createHash('sha256').update(manifestBytes).digest('hex'),
    input: manifest.input,
    modalities: modalitiesOf(manifest),
    classes: manifest.classes,
    unlabeledId: manifest.unlabeledId,
    files: locate(root, manifest.graphs),
    precision: graphPrecision(manifest.training.precision),
    execution: manifest.execution,
    golden: await loadGolden(root, manifest),
    inputStatistics: manifest.inputStatistics,
    training: manifest.training,
  };
}

/**
 * Modalities without which the model makes no mask. There must be one at least whatever this says.
 */
export function requiredModalities({ modalities }: Pick<Bundle, 'modalities'>): string[] {
  return modalities.filter(({ absent }) => absent === 'refuse').map(({ name }) => name);
}

/** One more than the highest class id: the size of a confusion matrix over a bundle's classes. */
export function classCountOf({ classes }: Pick<Bundle, 'classes'>): number {
  return Math.max(...classes.map(({ id }) => id)) + 1;
}

/**
 * Reads what a bundle says of itself, without its graphs.
 * @throws {BundleError} where there is no manifest or it is wrong
 */
export async function loadManifest(folder: string): Promise<Manifest> {
  const bytes = await readWhole(resolve(folder), 'model.json', 'model.json', MAX_MANIFEST_BYTES);
  return parseManifest(bytes.toString('utf8'));
}

/** The part of a bundle that a provider works with. */
export function modelFiles({ files, name, sha256, precision, execution, modalities }: Bundle): ModelFiles {
  return { graphs: files, name, sha256, precision, execution, modalityCount: modalities.length };
}

function modalitiesOf({ modalities, graphs }: Manifest): BundleModality[] {
  if (graphs.kind !== 'whole') return modalities;
  return modalities.map((modality, index) => ({ ...modality, absent: graphs.inputs[index]!.absent }));
}

function locate(root: string, graphs: Manifest['graphs']): GraphFiles {
  const at = ({ path }: ManifestFile) => join(root, path);
  switch (graphs.kind) {
    case 'split':
      return {
        kind: 'split',
        encoder: at(graphs.encoder),
        head: at(graphs.head),
        ...(graphs.fused && { fused: at(graphs.fused) }),
      };
    case 'fused':
      return { kind: 'fused', fused: at(graphs.fused) };
    case 'whole': {
      const { kind, network, ...recipe } = graphs;
      return { kind, network: at(network), recipe };
    }
  }
}

async function loadGolden(root: string, manifest: Manifest): Promise<GoldenSample> {
  const images = new Map<string, Uint8Array>();
  for (const { name } of manifest.modalities) {
    const field = `golden.images.${name}`;
    images.set(field, await readChecked(root, field, manifest.golden.images[name]!));
  }
  const labels = await readChecked(root, 'golden.labels', manifest.golden.labels);
  return decodeGoldenSample(images, labels, manifest.input);
}

/** Hashes a file of any size in pieces. */
async function checkFile(root: string, field: string, file: ManifestFile): Promise<void> {
  const path = join(root, file.path);
  const hash = createHash('sha256');
  try {
    refuseSpecialFile(path);
    for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) hash.update(piece as Buffer);
  } catch (cause) {
    throw unreadable(root, field, file.path, cause);
  }
  compareHash(field, file, hash.digest('hex'));
}

/** What a graph reads besides its own file is pinned as well, or anybody could change the model unseen. */
async function checkWeights(
  root: string,
  field: string,
  { path }: ManifestFile,
  { weights, formatVersion }: Manifest,
): Promise<void> {
  const locations = await externalWeights(join(root, path)).catch((cause: Error) => {
    throw new BundleError(field, `an ONNX file ${path}`, cause.message, 'Export the bundle again.', { cause });
  });
  const pinned = weights.map((file) => posix.normalize(file.path));
  for (const location of locations) {
    const isOutside = location === '' || posix.isAbsolute(location) || /^[A-Za-z]:|\\|\0/.test(location);
    const place = posix.normalize(posix.join(dirname(path), location));
    if (isOutside || place.startsWith('..')) {
      const advice = 'Export the graph with its weights in one file, or in files beside it.';
      throw new BundleError(`weights of ${path}`, 'files inside the bundle', `'${location}'`, advice);
    }
    if (pinned.includes(place)) continue;
    const list = weightsField(formatVersion);
    const advice = `Add {"path": "${place}", "sha256": "..."} to ${list} of model.json, or export with the weights in ${path}.`;
    throw new BundleError(`weights of ${path}`, `files that ${list} lists`, place, advice);
  }
}

async function readChecked(root: string, field: string, file: ManifestFile): Promise<Buffer> {
  const bytes = await readWhole(root, field, file.path, MAX_GOLDEN_BYTES);
  compareHash(field, file, createHash('sha256').update(bytes).digest('hex'));
  return bytes;
}

async function readWhole(root: string, field: string, path: string, maxBytes: number): Promise<Buffer> {
  const full = join(root, path);
  let size: number;
  try {
    refuseSpecialFile(full);
    size = (await stat(full)).size;
    if (size <= maxBytes) return await readFile(full);
  } catch (cause) {
    throw unreadable(root, field, path, cause);
  }
  throw new BundleError(field, `at most ${maxBytes} bytes`, `${size} bytes (${path})`, 'Is this the right folder?');
}

function compareHash(field: string, file: ManifestFile, actual: string): void {
  if (actual === file.sha256) return;
  const advice =
    'The file was changed or only partly copied: copy the bundle again (git lfs pull?), or export it again.';
  throw new BundleError(`${field}.sha256 (${file.path})`, file.sha256, actual, advice);
}

function unreadable(root: string, field: string, path: string, cause: unknown): BundleError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const advice = `Check that ${root} is a model bundle and was copied completely.`;
  return new BundleError(field, `a readable file ${path}`, reason, advice, { cause });
}
