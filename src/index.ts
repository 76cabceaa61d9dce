/**
 * The parts of mle-sam-ros for programs of your own: read a bag, decode and synchronise sensors, segment, score,
 * and let sensors fail.
 * ARCHITECTURE.md tells how they fit together; `replayBag` is the shortest example of all of them at work.
 *
 * @packageDocumentation
 */
export * from './bags/index.js';
export { loadConfiguration, loadPipelineConfig } from './configuration/index.js';
export * from './datasets/index.js';
export * from './dropout/index.js';
export * from './evaluation/index.js';
export * from './faults/index.js';
export * from './messages/index.js';
export * from './model/index.js';
export * from './pipeline/index.js';
export * from './replay/index.js';
export * from './robustness/index.js';
export * from './sensors/index.js';
export * from './sync/index.js';
