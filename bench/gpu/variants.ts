import type { Precision } from '../../src/model/engines/index.js';
import type { EncodeMode, GraphLayout } from '../../src/model/index.js';
import type { Case, CaseResult } from './case.js';

/** One way to run a model. */
export interface Variant {
  provider: Case['provider'];
  graphs: GraphLayout;
  encodeMode: EncodeMode;
  precision: Precision;
}

export interface Measured extends Variant {
  model: string;
  /** What `mle-sam model build` took, where there was something to build. */
  buildSeconds?: number;
  result: CaseResult;
}

export const VARIANTS: readonly Variant[] = [
  { provider: 'cpu', graphs: 'split', encodeMode: 'one-by-one', precision: 'float32' },
  { provider: 'cpu', graphs: 'split', encodeMode: 'batched', precision: 'float32' },
  { provider: 'cpu', graphs: 'fused', encodeMode: 'batched', precision: 'float32' },
  { provider: 'cuda', graphs: 'split', encodeMode: 'one-by-one', precision: 'float32' },
  { provider: 'cuda', graphs: 'split', encodeMode: 'batched', precision: 'float32' },
  { provider: 'cuda', graphs: 'fused', encodeMode: 'batched', precision: 'float32' },
  { provider: 'cuda', graphs: 'fused', encodeMode: 'batched', precision: 'float16' },
  { provider: 'tensorrt', graphs: 'fused', encodeMode: 'batched', precision: 'float32' },
  { provider: 'tensorrt', graphs: 'fused', encodeMode: 'batched', precision: 'float16' },
];

export function describeVariant({ provider, graphs, encodeMode, precision }: Variant): string {
  return `${provider}, ${graphs} graphs, ${encodeMode}, ${precision}`;
}
