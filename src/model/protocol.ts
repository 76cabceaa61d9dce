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

export interface RunRequest {
  kind: 'run';
  /** Index of each present modality, rising; its position in here is its place in the features. */
  modalities: readonly number[];
  /** Positions (in `modalities`) to encode; the others' features are still in place from the run before. */
  encode: readonly number[];
  /**
   * Starts with [encode.length,H,W,3]: the images to encode. Transferred there and back, so that it is allocated once;
   * an ArrayBuffer, because ONNX Runtime refuses tensors on shared memory.
   */
  images: ArrayBuffer;
}

export type WorkerRequest = RunRequest | { kind: 'close' };

export interface RunResult {
  kind: 'result';
  /** The request's buffer, given back. */
  images: ArrayBuffer;
  /** [H,W] */
  labels: Uint8Array<ArrayBuffer>;
  /** [H,W] */
  confidence: Uint8Array<ArrayBuffer>;
  /** [levels,M], fine to coarse. */
  routing: Float32Array;
  encodeMs: number;
  headMs: number;
}

export type RunReply = RunResult | { kind: 'run-failed'; reason: string; images: ArrayBuffer };

export type WorkerReply =
  | { kind: 'ready'; selection: ProviderSelection }
  | { kind: 'no-provider'; attempts: readonly ProviderAttempt[] }
  | RunReply;
