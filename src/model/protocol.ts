import type { ProviderAttempt } from './ladder.js';
import type { EncodeMode, ModelFiles, ProviderRequest } from './providers.js';

/** All the worker needs to know; given once, as `workerData`. */
export interface WorkerSetup {
  files: ModelFiles;
  width: number;
  height: number;
  modalityCount: number;
  golden: { images: Uint8Array; labels: Uint8Array };
  provider: ProviderRequest;
  threads: number;
  encodeMode: EncodeMode | 'auto';
}

/** How the model came to run: which provider, why not the ones above it, and how images are encoded. */
export interface ProviderSelection {
  provider: string;
  encodeMode: EncodeMode;
  attempts: readonly ProviderAttempt[];
}

/**
 * Buffers that travel with a request, are filled, and travel back with the reply: the worker allocates none of them.
 * ArrayBuffers, because ONNX Runtime refuses tensors on shared memory.
 */
export interface RunBuffers {
  /** Starts with [encode.length,H,W,3]: the images to encode. */
  images: ArrayBuffer;
  labels: ArrayBuffer;
  confidence: ArrayBuffer;
}

export interface RunRequest extends RunBuffers {
  kind: 'run';
  /** Index of each present modality, rising; its position in here is its place in the features. */
  modalities: readonly number[];
  /** Positions (in `modalities`) to encode; the others' features are still in place from the run before. */
  encode: readonly number[];
}

export type WorkerRequest = RunRequest | { kind: 'close' };

export interface RunResult extends RunBuffers {
  kind: 'result';
  /** [levels,M], fine to coarse. */
  routing: Float32Array;
  encodeMs: number;
  headMs: number;
}

export type RunReply = RunResult | ({ kind: 'run-failed'; reason: string } & RunBuffers);

export type WorkerReply =
  | { kind: 'ready'; selection: ProviderSelection }
  | { kind: 'no-provider'; attempts: readonly ProviderAttempt[] }
  | RunReply;

/** What has to be named in a transfer list. */
export function transferList({ images, labels, confidence }: RunBuffers): ArrayBuffer[] {
  return [images, labels, confidence];
}
