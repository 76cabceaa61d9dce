import { InferenceSession, type Tensor } from 'onnxruntime-node';

/** What of an ONNX Runtime session is used: stand-ins in tests implement this much. */
export interface ModelSession extends Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'> {
  /** @param fetches - by name of output a tensor to write to, or null for a new one; without, all outputs are new */
  run(feeds: InferenceSession.FeedsType, fetches?: InferenceSession.NullableOnnxValueMapType): Promise<RunOutputs>;
  release(): Promise<void>;
}

export type RunOutputs = Readonly<Record<string, Tensor>>;

export interface ModelSessions {
  encoder: ModelSession;
  head: ModelSession;
}

/** Absolute paths of the two graphs. */
export interface ModelFiles {
  encoder: string;
  head: string;
}

export interface SessionOptions {
  /** Threads of the CPU kernels; fixed, because the sums of float kernels depend on it. */
  threads: number;
}

/**
 * `batched`: all images of a set in one encoder run. `one-by-one`: a run for each image, whose features are kept, so
 * that an image that comes again (a sensor slower than the reference) costs nothing.
 */
export type EncodeMode = 'batched' | 'one-by-one';

/** A way to run the two graphs: one rung of the ladder. */
export interface Provider {
  name: string;
  /** The faster form as measured by `bench/model.ts`. */
  encodeMode: EncodeMode;
  /** Creates both sessions; throws where the provider cannot be used here. */
  createSessions(files: ModelFiles, options: SessionOptions): Promise<ModelSessions>;
}

/** `auto` tries all rungs from the top; a name tries that one only. */
export type ProviderRequest = (typeof PROVIDER_REQUESTS)[number];
export const PROVIDER_REQUESTS = ['auto', 'cpu'] as const;

/**
 * One by one: 103 against 119 ms of processor time for four images in the reference model's graphs on one thread, 121
 * against 138 on two, and 39 when only the camera's image is new.
 *
 * Threads sleep instead of spinning while they wait for each other: on two cores that other processes use as well,
 * spinning cost 259 instead of 121 ms of processor time a set.
 */
const cpu: Provider = {
  name: 'cpu',
  encodeMode: 'one-by-one',
  async createSessions(files, { threads }) {
    const options: InferenceSession.SessionOptions = {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4, // errors come as exceptions; their copies on stderr help nobody
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    };
    return {
      encoder: await InferenceSession.create(files.encoder, options),
      head: await InferenceSession.create(files.head, options),
    };
  },
};

/** The rungs, fastest first. */
export const providerLadder: readonly Provider[] = [cpu];
