export {
  type Bundle,
  type BundleClass,
  type BundleModality,
  classCountOf,
  loadBundle,
  loadManifest,
  requiredModalities,
} from './bundle.js';
export { BundleError } from './bundle_error.js';
export { type ClassMap, mapClasses } from './class_map.js';
export { DeferredSegmenter } from './deferred_segmenter.js';
export { countDifferingLabels, MAX_DIFFERING_SHARE } from './label_agreement.js';
export { describeAttempt, type ProviderAttempt, type ProviderTimings } from './ladder.js';
export { graphFiles, type Manifest, type ManifestFile, parseManifest, UNLABELED_ID, weightFiles } from './manifest.js';
export { lackOf, type ModelNeeds, modalitiesOfAll, modelNeeds } from './model_inputs.js';
export {
  type EncodeMode,
  type GraphFiles,
  type GraphLayout,
  PROVIDER_REQUESTS,
  type ProviderFallback,
  type ProviderRequest,
} from './providers.js';
export {
  describeModelNotice,
  describeModelReason,
  type ModelFailure,
  type ModelLack,
  type ModelNotice,
  type ModelReason,
} from './reason.js';
export type { Segmentation } from './segmentation.js';
export { Segmenter, type SegmenterEvent, type SegmenterOptions } from './segmenter.js';
export { SegmenterError, type SegmenterErrorKind } from './segmenter_error.js';
export { describeSelection, type ProviderSelection } from './selection.js';
export { FALLBACK_STARTS, type FallbackStart, type StandbyModel, standBy, startAll } from './standby.js';
export { ABSENT_RULES, type AbsentRule, type NetworkInput, type NetworkRecipe } from './whole/recipe.js';
export type { HostState } from './worker_host.js';
export { DEFAULT_START_MS, type RestartPolicy, type TimeLimit } from './worker_limits.js';
