import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { type Bundle, type BundleModality, loadBundle, type ManifestFile, parseManifest } from '../../model/index.js';

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
  files: InspectedFile[];
  graphs: { encoder: InspectedGraph; head: InspectedGraph };
  training: Bundle['training'];
}

/**
 * Loads a bundle, which verifies its manifest, hashes and golden sample, and reads both graphs' signatures.
 * @throws {BundleError} where anything is missing or differs from what the manifest says
 */
export async function inspectBundle(folder: string): Promise<BundleInspection> {
  const bundle = await loadBundle(folder);
  const manifest = parseManifest(await readFile(join(folder, 'model.json'), 'utf8'));
  const { files: graphs, golden } = manifest;
  const files = await Promise.all(
    [graphs.encoder, graphs.head, ...Object.values(golden.images), golden.labels].map((file) =>
      measure(bundle.folder, file),
    ),
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
    files,
    graphs: { encoder: await readGraph(bundle.files.encoder), head: await readGraph(bundle.files.head) },
    training: bundle.training,
  };
}

async function measure(folder: string, { path, sha256 }: ManifestFile): Promise<InspectedFile> {
  return { path, sha256, bytes: (await stat(join(folder, path))).size };
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
