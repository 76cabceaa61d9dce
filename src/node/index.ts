export { collectGarbageRarely } from './garbage_collection.js';
export { MleSamNode } from './mle_sam_node.js';
export { runNode } from './run_node.js';
