import type { Precision } from './engines/engine_key.js';

/** Of a graph's weights and sums. `int8`: the encoder's linear layers multiply bytes, for CPUs; the rest is float32. */
export type GraphPrecision = Precision | 'int8';

/** What `training.precision` of a manifest says; float32 where it says nothing. */
export function graphPrecision(said: unknown): GraphPrecision {
  return said === 'float16' || said === 'int8' ? said : 'float32';
}
