import type { EncodeRequest, EncodeResult, RunRequest, RunResult } from './protocol.js';
import type { EncodeMode, RunOutputs } from './providers.js';

export interface ModelShape {
  width: number;
  height: number;
  modalityCount: number;
  /** Images of each modality whose features should be kept. */
  featureCopies: number;
}

/** Answers requests with the sessions of one provider. Lives in the worker, because a run blocks its thread. */
export interface ModelRunner {
  readonly encodeMode: EncodeMode;
  /** Images of each modality whose features are kept from run to run; 0: none, all of a set are to be encoded. */
  readonly featureCopies: number;
  run(request: RunRequest): Promise<RunResult>;
  /** Encodes without decoding, where features are kept. */
  encode?(request: EncodeRequest): Promise<EncodeResult>;
  release(): Promise<void>;
}

/** @throws {Error} where a mask has another size than the model's input */
export function maskOf(
  name: 'labels' | 'confidence',
  outputs: RunOutputs,
  { width, height }: ModelShape,
): Uint8Array<ArrayBuffer> {
  const { dims, data } = outputs[name]!;
  if (data.length === width * height) return data as Uint8Array<ArrayBuffer>;
  throw new Error(`Expected [${height},${width}] for ${name} but received [${dims}]`);
}
