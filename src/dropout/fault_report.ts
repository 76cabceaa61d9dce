import type { FaultWindow } from './fault_window.js';
import type { Check } from './judge.js';
import type { MaskMetrics } from './metrics.js';

/** What one scenario did, as far as it can be seen on a bag and on a live graph. */
export interface FaultReport extends JsonMetrics {
  name: string;
  description: string;
  verdict: 'kept' | 'broken';
  /** Seconds since the bag's first message, or since the scenario's second 0. */
  window: { startSeconds: number; endSeconds: number; ending: FaultWindow['ending']; affected: string[] };
  masks: number;
  checks: Check[];
}

/** {@link MaskMetrics} with null for what is undefined: JSON has no undefined. */
export type JsonMetrics = { [Name in keyof MaskMetrics]: Exclude<MaskMetrics[Name], undefined> | NullIfOpen<Name> };

type NullIfOpen<Name extends keyof MaskMetrics> = undefined extends MaskMetrics[Name] ? null : never;

export function jsonMetrics({ continuityPercent, degradeMs, recoverMs, ...counts }: MaskMetrics): JsonMetrics {
  return {
    ...counts,
    continuityPercent: continuityPercent ?? null,
    degradeMs: degradeMs ?? null,
    recoverMs: recoverMs ?? null,
  };
}
