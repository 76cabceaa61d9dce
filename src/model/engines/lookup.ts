/**
 * What finds an engine. Loaded for a GPU only: engine manifests are read with a schema library, for which a worker on the
 * CPU has no other use.
 */
export { findEngine } from './engine_cache.js';
export { PRECISIONS } from './engine_key.js';
export { wantedKey } from './wanted_key.js';
