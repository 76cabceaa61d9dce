import { join } from 'node:path';
import { type Bundle, modelFiles } from '../bundle.js';
import { ENGINE_GRAPH } from './engine_cache.js';
import type { BuiltProvider, EngineKey, Precision } from './engine_key.js';
import type { Platform } from './platform.js';
import { wantedKey } from './wanted_key.js';

/** What the builder (`mle_sam_train.engines`) is told; written as JSON. */
export interface BuildPlan {
  encoder: string;
  head: string;
  output: string;
  provider: BuiltProvider;
  precision: Precision;
  /** Options of ONNX Runtime's TensorRT provider; empty for CUDA. */
  options: Readonly<Record<string, string>>;
}

export interface BuildRequest {
  provider: BuiltProvider;
  precision: Precision;
  deviceId: number;
  /** This machine; only TensorRT's engines depend on it. */
  platform?: Platform;
}

/** @throws {Error} where half precision is asked to become single: what was rounded away does not come back */
export function engineKeyFor(bundle: Bundle, { provider, precision, platform }: BuildRequest): EngineKey {
  if (bundle.files.kind !== 'split') throw notBuilt(bundle);
  if (bundle.precision === 'float16' && precision === 'float32') {
    throw new Error(`Expected float16 for the precision since ${bundle.name} was exported in it but received float32`);
  }
  return wantedKey(provider, precision, modelFiles(bundle), platform);
}

function notBuilt({ name, files }: Bundle): Error {
  const what = files.kind === 'whole' ? 'a network of your own' : 'one fused graph';
  return new Error(
    `Expected a bundle with encoder and head to build from but received ${name} (${what}). It runs on cuda and cpu as it is.`,
  );
}

/** @param staging - folder the graph is written to */
export function planBuild(bundle: Bundle, key: EngineKey, deviceId: number, staging: string): BuildPlan {
  const { provider, precision } = key;
  if (bundle.files.kind !== 'split') throw notBuilt(bundle);
  const { encoder, head } = bundle.files;
  const output = join(staging, ENGINE_GRAPH);
  const options = provider === 'tensorrt' ? tensorRtOptions(bundle, key, deviceId, output) : {};
  return { encoder, head, output, provider, precision, options };
}

/**
 * One profile for all numbers of modalities: ONNX Runtime uses the first one only. The engine is embedded, so that an
 * engine is one file with one hash. Layer norms stay in float32 in the graph, where the conversion to float16 left them;
 * the fallback catches those TensorRT takes apart.
 */
function tensorRtOptions(
  { input: { width, height } }: Bundle,
  { precision, modalities }: EngineKey,
  deviceId: number,
  output: string,
): Record<string, string> {
  const shapes = (count: number) => `images:${count}x${height}x${width}x3,modality:${count}`;
  const { min, optimum, max } = modalities!;
  const half = precision === 'float16' ? 'True' : 'False';
  return {
    device_id: String(deviceId),
    trt_fp16_enable: half,
    trt_layer_norm_fp32_fallback: half,
    trt_profile_min_shapes: shapes(min),
    trt_profile_opt_shapes: shapes(optimum),
    trt_profile_max_shapes: shapes(max),
    trt_dump_ep_context_model: 'True',
    trt_ep_context_file_path: output,
    trt_ep_context_embed_mode: '1',
  };
}
