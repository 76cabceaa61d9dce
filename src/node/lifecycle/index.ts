export { Lifecycle, type TransitionOutcome } from './lifecycle.js';
export { LifecycleServices } from './lifecycle_services.js';
export type { LifecycleState } from './states.js';
