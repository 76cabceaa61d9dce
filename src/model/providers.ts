import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { GraphPrecision } from './precision.js';
import type { NetworkRecipe } from './whole/recipe.js';

/** What of an ONNX Runtime session is used: stand-ins in tests implement this much. */
export interface ModelSession extends Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'> {
  /** @param fetches - by name of output a tensor to write to, or null for a new one; without, all outputs are new */
  run(feeds: InferenceSession.FeedsType, fetches?: InferenceSession.NullableOnnxValueMapType): Promise<RunOutputs>;
  release(): Promise<void>;
}

export type RunOutputs = Readonly<Record<string, Tensor>>;

/**
 * Two graphs with the features between them in host memory, one in which they stay on the device, or a network of
 * anybody's making.
 */
export type ModelSessions =
  | { kind: 'split'; encoder: ModelSession; head: ModelSession }
  | { kind: 'fused'; fused: ModelSession }
  | { kind: 'whole'; network: ModelSession; recipe: NetworkRecipe };

/** Sessions as a provider made them. */
export type ProviderSessions = ModelSessions & { precision: GraphPrecision };

/** How MLE-SAM may be run. `split`: encoder and head. `fused`: both in one graph, from the bundle or from the cache of engines. */
export type GraphLayout = Exclude<ModelSessions['kind'], 'whole'>;

/** A bundle's graphs by absolute path; beside encoder and head, `fused` holds both. */
export type GraphFiles =
  | { kind: 'split'; encoder: string; head: string; fused?: string }
  | { kind: 'fused'; fused: string }
  | { kind: 'whole'; network: string; recipe: NetworkRecipe };

/** What a provider has to know of a bundle. */
export interface ModelFiles {
  graphs: GraphFiles;
  name: string;
  sha256: string;
  /** Of the graphs as they lie in the bundle. */
  precision: GraphPrecision;
  modalityCount: number;
  execution: Execution;
}

/** How a bundle is best run, by provider, as its `model.json` says: what was measured goes there. */
export type Execution = Readonly<Partial<Record<string, ExecutionChoice>>>;

/** What is absent is left to the provider's own default. */
export interface ExecutionChoice {
  graphs?: GraphLayout | undefined;
  encodeMode?: EncodeMode | undefined;
}

export interface SessionOptions {
  /** Threads of the CPU kernels; fixed, because the sums of float kernels depend on it. */
  threads: number;
  /** Which GPU, where there are several; the CPU does not care. */
  deviceId: number;
  /** Folder of graphs that were built for a provider. */
  engineCache: string;
  graphs: GraphLayout | 'auto';
  /** For `auto`: taken as far as it is there. */
  preferredGraphs?: GraphLayout | undefined;
}

/**
 * `batched`: all images of a set in one encoder run. `one-by-one`: a run for each image, whose features are kept, so
 * that an image that comes again (a sensor slower than the reference) costs nothing. A fused graph is always batched.
 */
export type EncodeMode = 'batched' | 'one-by-one';

/** A way to run the two graphs: one rung of the ladder. */
export interface Provider {
  name: string;
  /** The faster form as measured by `bench/model.ts`. */
  encodeMode: EncodeMode;
  /**
   * What a run that throws means: on the CPU the next one may work; a GPU that ran out of memory or was lost stays so
   * for its sessions, so the worker ends and the next rung is taken, or where there is none a new worker tries again.
   */
  afterError: 'go-on' | 'end-worker';
  /** Creates the sessions; throws where the provider cannot be used here. */
  createSessions(files: ModelFiles, options: SessionOptions): Promise<ProviderSessions>;
}

/** `auto` begins at the top of the ladder, a name at that rung. */
export type ProviderRequest = (typeof PROVIDER_REQUESTS)[number];
export const PROVIDER_NAMES = ['tensorrt', 'cuda', 'cpu'] as const;
export const PROVIDER_REQUESTS = ['auto', ...PROVIDER_NAMES] as const;
export const GRAPH_LAYOUTS = ['split', 'fused'] as const satisfies readonly GraphLayout[];
export const ENCODE_MODES = ['batched', 'one-by-one'] as const satisfies readonly EncodeMode[];

/** Where a rung does not hold: `down` takes the next one, `none` fails rather than run on another than asked for. */
export type ProviderFallback = 'down' | 'none';
