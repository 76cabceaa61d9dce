import { nativeCall } from '../threads/native_call.js';
import type { BuiltProvider } from './engines/engine_key.js';
import { type Platform, probePlatform } from './engines/platform.js';
import { findMissing } from './gpu/provider_libraries.js';
import { env, InferenceSession } from './onnx_runtime.js';
import type {
  GraphFiles,
  GraphLayout,
  ModelFiles,
  ModelSession,
  Provider,
  ProviderSessions,
  SessionOptions,
} from './providers.js';

// A provider that can't be loaded is reported with a reason; ONNX Runtime would also paint it on stderr, in red.
env.logLevel = 'fatal';

type Providers = InferenceSession.SessionOptions['executionProviders'];

/**
 * One by one: 103 against 119 ms of processor time for four images in the reference model's graphs on one thread, 121
 * against 138 on two, and 39 when only the camera's image is new.
 */
export const cpu: Provider = {
  name: 'cpu',
  encodeMode: 'one-by-one',
  afterError: 'go-on',
  createSessions: (files, options) => fromBundle(files, options, ['cpu'], 'split'),
};

/** The device is all that the binding hands to CUDA. What CUDA has no kernel for runs on the CPU. */
export const cuda: Provider = {
  name: 'cuda',
  encodeMode: 'batched',
  afterError: 'end-worker',
  async createSessions(files, options) {
    requireLibraries('cuda');
    return fromCacheOrBundle(files, options, [{ name: 'cuda', deviceId: options.deviceId }, 'cpu']);
  },
};

/** Runs engines that were built ahead; see {@link fromEngine}. */
export const tensorrt: Provider = {
  name: 'tensorrt',
  encodeMode: 'batched',
  afterError: 'end-worker',
  async createSessions(files, options) {
    requireLibraries('tensorrt');
    if (files.graphs.kind === 'whole')
      throw new Error('TensorRT runs engines of MLE-SAM only: a network of your own runs on cuda or cpu');
    const platform = probePlatform(options.deviceId);
    return fromEngine(files, options, platform, [{ name: 'tensorrt', deviceId: options.deviceId }]);
  },
};

/** The rungs, fastest first. */
export const providerLadder: readonly Provider[] = [tensorrt, cuda, cpu];

function requireLibraries(provider: BuiltProvider): void {
  const missing = findMissing(provider);
  if (missing !== undefined) throw new Error(missing);
}

/** Half precision has to be in the graph, so one that was built is preferred to the bundle's. */
export async function fromCacheOrBundle(
  files: ModelFiles,
  options: SessionOptions,
  providers: Providers,
): Promise<ProviderSessions> {
  const isBuilt = files.graphs.kind !== 'whole' && wantedLayout(options, 'fused') !== 'split';
  const { findEngine, PRECISIONS, wantedKey } = await import('./engines/lookup.js');
  for (const precision of isBuilt ? PRECISIONS : []) {
    const search = await findEngine(options.engineCache, wantedKey('cuda', precision, files), files.name);
    if (search.kind !== 'current') continue;
    return { kind: 'fused', fused: await create(search.engine.graph, options, providers), precision };
  }
  return fromBundle(files, options, providers, 'fused');
}

/**
 * Never builds an engine: that takes minutes, the binding has no option to keep the result, and half precision can't be
 * asked for. `mle-sam model build` makes them.
 * @throws {Error} saying in which part of its key an engine that is there does not fit
 */
export async function fromEngine(
  files: ModelFiles,
  options: SessionOptions,
  platform: Platform,
  providers: Providers,
): Promise<ProviderSessions> {
  const { findEngine, PRECISIONS, wantedKey } = await import('./engines/lookup.js');
  const reasons: string[] = [];
  for (const precision of PRECISIONS) {
    const key = wantedKey('tensorrt', precision, files, platform);
    const search = await findEngine(options.engineCache, key, files.name);
    switch (search.kind) {
      case 'current':
        return { kind: 'fused', fused: await create(search.engine.graph, options, providers), precision };
      case 'stale':
        reasons.push(`the ${precision} engine is stale (${search.differences.join('; ')})`);
        break;
      case 'damaged':
        reasons.push(`the engine in ${search.folder} is damaged: ${search.reason}`);
    }
  }
  const reason = reasons.join(', ') || `no engine was built for this model and ${platform.gpu.name}`;
  throw new Error(`${reason}: run \`mle-sam model build --provider tensorrt\``);
}

/** As asked for, else as the bundle prefers, else as the provider does. */
function wantedLayout({ graphs, preferredGraphs }: SessionOptions, preferred: GraphLayout): GraphLayout {
  return graphs === 'auto' ? (preferredGraphs ?? preferred) : graphs;
}

/** @param preferred - the layout that is faster on the provider; the fused one is taken where the bundle has it */
async function fromBundle(
  files: ModelFiles,
  options: SessionOptions,
  providers: Providers,
  preferred: GraphLayout,
): Promise<ProviderSessions> {
  const { precision, graphs } = files;
  if (graphs.kind === 'whole') {
    const { network, recipe } = graphs;
    return { kind: 'whole', network: await create(network, options, providers), recipe, precision };
  }
  const isFused = graphs.kind === 'fused' || wantedLayout(options, preferred) === 'fused';
  if (isFused && graphs.fused !== undefined) {
    return { kind: 'fused', fused: await create(graphs.fused, options, providers), precision };
  }
  if (options.graphs === 'fused') throw new Error('the bundle has no fused graph: export it with --fused');
  const { encoder, head } = graphs as Extract<GraphFiles, { kind: 'split' }>;
  const session = await create(encoder, options, providers);
  try {
    return { kind: 'split', encoder: session, head: await create(head, options, providers), precision };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** An ONNX file in memory. */
export interface GraphInMemory {
  file: Uint8Array;
  /** Where the files with its weights lie, if there are any. */
  weightsFolder?: string;
}

/** A graph, by its path or in memory, on the CPU as the CPU provider runs it. */
export function openCpuSession(graph: string | GraphInMemory, threads: number): Promise<InferenceSession> {
  if (typeof graph === 'string') return InferenceSession.create(graph, sessionOptions(threads, ['cpu'], {}));
  const { file, weightsFolder } = graph;
  const folder = weightsFolder && { model_external_initializers_file_folder_path: weightsFolder };
  return InferenceSession.create(file, sessionOptions(threads, ['cpu'], folder || {}));
}

/** A session whose thread is not ended in the middle of a call. */
async function create(
  path: string,
  { threads }: Pick<SessionOptions, 'threads'>,
  executionProviders: Providers,
): Promise<ModelSession> {
  const options = sessionOptions(threads, executionProviders, {});
  const session = await nativeCall(() => InferenceSession.create(path, options));
  const { inputMetadata, outputMetadata } = session;
  return {
    inputMetadata,
    outputMetadata,
    run: (feeds, fetches) =>
      nativeCall(() => (fetches === undefined ? session.run(feeds) : session.run(feeds, fetches))),
    release: () => nativeCall(() => session.release()),
  };
}

/**
 * Threads sleep instead of spinning while they wait for each other: on two cores that other processes use as well,
 * spinning cost 259 instead of 121 ms of processor time a set.
 */
function sessionOptions(
  threads: number,
  executionProviders: Providers,
  session: Readonly<Record<string, string>>,
): InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders!,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4, // errors come as exceptions; their copies on stderr help nobody
    extra: { session: { intra_op: { allow_spinning: '0' }, ...session } },
  };
}
