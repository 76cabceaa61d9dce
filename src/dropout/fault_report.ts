import type { FaultWindow } from './fault_window.js';
import type { HealthMetrics } from './health_metrics.js';
import type { Check } from './judge.js';
import type { MaskDelays } from './mask_delay.js';
import type { MaskMetrics } from './metrics.js';

/** What one scenario did, as far as it can be seen on a bag and on a live graph. */
export interface FaultReport extends JsonOf<MaskMetrics> {
  name: string;
  description: string;
  verdict: 'passed' | 'failed';
  /** Seconds since the bag's first message, or since the scenario's second 0. */
  window: { startSeconds: number; endSeconds: number; ending: FaultWindow['ending']; affected: string[] };
  masks: number;
  /** What the node said of its sensors. */
  health: JsonOf<HealthMetrics>;
  /** Delay of 95 % of the masks, from the arrival of the reference message. */
  maskDelayMs: JsonOf<MaskDelays>;
  checks: Check[];
}

/** Figures as they go into JSON: null for what is undefined. */
export type JsonOf<T> = {
  [Name in keyof T]: undefined extends T[Name]
    ? Exclude<T[Name], undefined> | null
    : T[Name] extends readonly unknown[]
      ? T[Name]
      : T[Name] extends object
        ? JsonOf<T[Name]>
        : T[Name];
};

/** Null for what is undefined or endless: JSON has neither. */
export function jsonOf<T extends object>(figures: T): JsonOf<T> {
  const converted = Object.entries(figures).map(([name, value]: [string, unknown]) => {
    if (value === undefined || value === Infinity) return [name, null];
    const isFigures = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [name, isFigures ? jsonOf(value) : value];
  });
  return Object.fromEntries(converted) as JsonOf<T>;
}
