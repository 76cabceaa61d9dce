import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type EngineKey, listEngines } from '../../model/engines/index.js';
import {
  type Bundle,
  type BundleModality,
  type GraphFiles,
  graphFiles,
  loadBundle,
  type ManifestFile,
  type NetworkRecipe,
  PROVIDER_REQUESTS,
  type ProviderAttempt,
  parseManifest,
  Segmenter,
  SegmenterError,
  type SegmenterEvent,
  type SegmenterOptions,
  weightFiles,
} from '../../model/index.js';
import { InferenceSession } from '../../model/onnx_runtime.js';

/** One file of a bundle; `loadBundle` has compared its hash. */
export interface InspectedFile {
  path: string;
  bytes: number;
  sha256: string;
}

/** Type and shape of a graph's input or output; a text in the shape names a dimension left open. */
export interface InspectedPort {
  name: string;
  type: string;
  shape: readonly (number | string)[];
}

export interface InspectedGraph {
  inputs: InspectedPort[];
  outputs: InspectedPort[];
}

/** What `inspect` finds out about a model bundle; written as it is by `--json`. */
export interface BundleInspection {
  kind: 'bundle';
  path: string;
  name: string;
  description: string;
  sha256: string;
  bytes: number;
  input: Bundle['input'];
  modalities: readonly BundleModality[];
  classes: Bundle['classes'];
  /** What the bundle says is fastest on each provider. */
  execution: Bundle['execution'];
  files: InspectedFile[];
  graphs: Record<string, InspectedGraph>;
  /** How a network of another make is fed and read. */
  network?: NetworkRecipe;
  /** What becomes of each provider on this machine, the fastest first; absent where they were not to be tried. */
  providers?: ProviderAttempt[];
  /** Graphs that were built for a provider, as far as they are of this very bundle. */
  engines: BuiltGraph[];
  training: Bundle['training'];
}

/** What of this machine is looked at. */
export type InspectionMachine = Pick<SegmenterOptions, 'threads' | 'deviceId'> & { engineCache: string };

/** A graph of `mle-sam model build`. */
export interface BuiltGraph extends Pick<EngineKey, 'provider' | 'precision' | 'tensorrt' | 'gpu'> {
  folder: string;
  bytes: number;
  builtAt: string;
  buildSeconds: number;
}

/**
 * Loads a bundle, which verifies its manifest, hashes and golden sample, and reads both graphs' signatures.
 * @param providers - `tried`: each provider runs the golden sample, as at the start of a node
 * @param machine - where engines lie, and on what providers are tried
 * @throws {BundleError} where anything is missing or differs from what the manifest says
 */
export async function inspectBundle(
  folder: string,
  providers: 'tried' | 'left-out',
  machine: InspectionMachine,
): Promise<BundleInspection> {
  const bundle = await loadBundle(folder);
  const manifest = parseManifest(await readFile(join(folder, 'model.json'), 'utf8'));
  const { golden } = manifest;
  const graphs = graphFiles(manifest).map(([, file]) => file);
  const weights = weightFiles(manifest).map(([, file]) => file);
  const files = await Promise.all(
    [...graphs, ...weights, ...Object.values(golden.images), golden.labels].map((file) => measure(bundle.folder, file)),
  );
  return {
    kind: 'bundle',
    path: bundle.folder,
    name: bundle.name,
    description: bundle.description,
    sha256: bundle.sha256,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    input: bundle.input,
    modalities: bundle.modalities,
    classes: bundle.classes,
    execution: bundle.execution,
    files,
    graphs: await readGraphs(bundle.files),
    ...(bundle.files.kind === 'whole' && { network: bundle.files.recipe }),
    ...(providers === 'tried' && { providers: await tryProviders(bundle, machine) }),
    engines: await builtGraphs(bundle, machine.engineCache),
    training: bundle.training,
  };
}

async function measure(folder: string, { path, sha256 }: ManifestFile): Promise<InspectedFile> {
  return { path, sha256, bytes: (await stat(join(folder, path))).size };
}

/** One after the other and each alone: the ladder itself stops at the first that holds. */
async function tryProviders(bundle: Bundle, machine: InspectionMachine): Promise<ProviderAttempt[]> {
  const attempts: ProviderAttempt[] = [];
  for (const provider of PROVIDER_REQUESTS.filter((request) => request !== 'auto')) {
    const onEvent = (event: SegmenterEvent) => {
      if (event.kind === 'gave-up') attempts.push(...event.attempts);
    };
    try {
      const segmenter = await Segmenter.create(bundle, { ...machine, provider, fallback: 'none', onEvent });
      attempts.push(...segmenter.selection.attempts);
      await segmenter.close();
    } catch (error) {
      if (!(error instanceof SegmenterError)) throw error; // the event has told of it
    }
  }
  return attempts;
}

async function builtGraphs({ sha256 }: Bundle, engineCache: string): Promise<BuiltGraph[]> {
  const engines = (await listEngines(engineCache)).filter(({ manifest: { key } }) => key.bundle === sha256);
  return engines.map(({ folder, manifest: { key, bytes, builtAt, buildSeconds } }) => {
    const { provider, precision, tensorrt, gpu } = key;
    return {
      provider,
      precision,
      ...(tensorrt && { tensorrt }),
      ...(gpu && { gpu }),
      folder,
      bytes,
      builtAt,
      buildSeconds,
    };
  });
}

/** The fused graph beside encoder and head has nothing new to say. */
async function readGraphs(files: GraphFiles): Promise<Record<string, InspectedGraph>> {
  switch (files.kind) {
    case 'split':
      return { encoder: await readGraph(files.encoder), head: await readGraph(files.head) };
    case 'fused':
      return { fused: await readGraph(files.fused) };
    case 'whole':
      return { network: await readGraph(files.network) };
  }
}

async function readGraph(path: string): Promise<InspectedGraph> {
  const session = await InferenceSession.create(path, { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 });
  try {
    return { inputs: session.inputMetadata.map(describePort), outputs: session.outputMetadata.map(describePort) };
  } finally {
    await session.release();
  }
}

function describePort(value: InferenceSession.ValueMetadata): InspectedPort {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: 'not a tensor', shape: [] };
}
