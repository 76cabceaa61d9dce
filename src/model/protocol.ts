import type { ProviderAttempt } from './ladder.js';
import type { EncodeMode, GraphLayout, ModelFiles, ProviderFallback, ProviderRequest } from './providers.js';
import type { ProviderSelection } from './selection.js';

/** All the worker needs to know; given once, as `workerData`. */
export interface WorkerSetup {
  files: ModelFiles;
  width: number;
  height: number;
  modalityCount: number;
  golden: { images: Uint8Array; labels: Uint8Array };
  /** Images of each modality whose features should be kept, where the runner keeps any. */
  featureCopies: number;
  provider: ProviderRequest;
  fallback: ProviderFallback;
  /** Rungs that earlier workers gave up: they are not tried again. */
  givenUp: readonly ProviderAttempt[];
  threads: number;
  deviceId: number;
  engineCache: string;
  graphs: GraphLayout | 'auto';
  encodeMode: EncodeMode | 'auto';
}

/** Images to encode, and where their features belong. */
interface Images {
  /** Index of each present modality, rising. */
  modalities: readonly number[];
  /** By position in `modalities`, the slot its features lie in, or are written to. */
  slots: readonly number[];
  /** Positions (in `modalities`) to encode; the others' features are still in their slots from an earlier run. */
  encode: readonly number[];
  /**
   * Starts with [encode.length,H,W,3]: the images to encode. Transferred there and back, so that it is allocated once;
   * an ArrayBuffer, because ONNX Runtime refuses tensors on shared memory.
   */
  images: ArrayBuffer;
}

/** A set to segment. */
export interface RunRequest extends Images {
  kind: 'run';
}

/** Images of a set that is not complete yet, to encode and no more. */
export interface EncodeRequest extends Images {
  kind: 'encode';
}

export type WorkerRequest = RunRequest | EncodeRequest | { kind: 'close' };

export interface RunResult {
  kind: 'result';
  /** The request's buffer, given back. */
  images: ArrayBuffer;
  /** [H,W] */
  labels: Uint8Array<ArrayBuffer>;
  /** [H,W]; absent where the model gives none. */
  confidence?: Uint8Array<ArrayBuffer>;
  /** [levels,M], fine to coarse; absent where nothing is routed. */
  routing?: Float32Array;
  /** Encoder, or all of a network that is not split. */
  encodeMs: number;
  /** Head, or what is made of a foreign network's scores. */
  headMs: number;
}

export interface EncodeResult {
  kind: 'encoded';
  /** The request's buffer, given back. */
  images: ArrayBuffer;
  encodeMs: number;
}

export interface RunFailure {
  kind: 'run-failed';
  reason: string;
  images: ArrayBuffer;
  /** Whether the worker takes further requests. */
  worker: 'goes-on' | 'ends';
}

export type RunReply = RunResult | RunFailure;
export type EncodeReply = EncodeResult | RunFailure;

/** Sent before each rung: should the worker end now, the host knows on what, and what is left to try. */
export interface RungTried {
  kind: 'trying';
  provider: string;
  below: readonly string[];
  /** What became of the rungs above, earlier workers' included. */
  attempts: readonly ProviderAttempt[];
}

/** What a start consists of; the first is over once the first rung is tried. */
export type StartStep = 'load' | 'create' | 'warm-up' | 'golden';

/** Sent before each step on a rung: the mark by which slow and hanging are told apart. */
export interface StepBegun {
  kind: 'step';
  step: StartStep;
}

export type WorkerReply =
  | RungTried
  | StepBegun
  /** `featureCopies`: images of each modality whose features are kept. */
  | { kind: 'ready'; selection: ProviderSelection; featureCopies: number }
  | { kind: 'no-provider'; attempts: readonly ProviderAttempt[] }
  | RunReply
  | EncodeReply;
