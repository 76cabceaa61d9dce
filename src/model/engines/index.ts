export { type BuildOutcome, buildEngine, builderCommand, type EngineBuilder, pythonBuilder } from './build_engine.js';
export { type BuildPlan, type BuildRequest, engineKeyFor, planBuild } from './build_plan.js';
export { defaultEngineCache, type Engine, type EngineSearch, findEngine, listEngines } from './engine_cache.js';
export {
  BUILT_PROVIDERS,
  type BuiltProvider,
  type EngineKey,
  engineId,
  PRECISIONS,
  type Precision,
} from './engine_key.js';
export { onnxRuntimeVersion, type Platform, probePlatform } from './platform.js';
