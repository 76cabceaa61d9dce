import type { ModelFiles } from '../providers.js';
import { BUILD_RECIPE, type BuiltProvider, type EngineKey, type Precision } from './engine_key.js';
import { onnxRuntimeVersion, type Platform } from './platform.js';

/**
 * Key of the engine that would fit a bundle on this machine. TensorRT's are tuned for all modalities together, since
 * that is the usual set and the slowest one.
 * @param platform - needed for TensorRT, whose engines fit one GPU and one version only
 */
export function wantedKey(
  provider: BuiltProvider,
  precision: Precision,
  { sha256, modalityCount }: Pick<ModelFiles, 'sha256' | 'modalityCount'>,
  platform?: Platform,
): EngineKey {
  const common = { provider, bundle: sha256, precision, onnxruntime: onnxRuntimeVersion(), recipe: BUILD_RECIPE };
  if (provider === 'cuda') return common;
  if (!platform) throw new Error('Expected GPU and TensorRT version for the key of a TensorRT engine');
  return { ...common, modalities: { min: 1, optimum: modalityCount, max: modalityCount }, ...platform };
}
