import type { Stamp } from '../messages/index.js';
import { percentiles } from '../report/index.js';
import type { FaultWindow } from './fault_window.js';
import { LEAST_DELAYS, MASK_DELAY_MARGIN_MS, RATE_MEMORY_MS, RECOVERY_NS } from './limits.js';

/** A mask and how long it took. */
export interface DelayedMask {
  /** When its reference message arrived. */
  arrivedAt: Stamp;
  /** From then to the closing of its set, on the bag's clock; live to the arrival of the mask. */
  delayMs: number;
}

/** Delays of masks, 95 % of which are shorter; undefined where there are too few. */
export interface DelayFigure {
  clean: number | undefined;
  faulty: number | undefined;
  /** What the faulty one may be at most; undefined where it cannot be judged. */
  boundMs: number | undefined;
}

/**
 * Delays while the fault is in force and has had its time to be noticed, and after it has had its time to be over. In
 * between a mask waits in vain once or twice, which is what a deadline is for.
 */
export interface MaskDelays {
  during: DelayFigure;
  after: DelayFigure;
}

const NOTHING: DelayFigure = { clean: undefined, faulty: undefined, boundMs: undefined };

/** What delays are held against. */
export interface DelayComparison {
  /** Where the clean masks come from: the same moments in another run, or before the fault. */
  clean: 'the-same-moments' | 'before';
  marginMs: number;
  /**
   * Masks of the run without the faulty sensors, where another model makes the masks then: it may wait for sensors that
   * the first one does not take.
   */
  without?: readonly DelayedMask[] | undefined;
}

/** @param clean - masks without the fault */
export function measureDelays(
  clean: readonly DelayedMask[],
  faulty: readonly DelayedMask[],
  { spans, start, end, ending }: FaultWindow,
  { clean: moments, marginMs, without = [] }: DelayComparison = { clean: 'the-same-moments', marginMs: 0 },
): MaskDelays {
  const isSettled = (moment: Stamp): boolean =>
    spans.every(({ from, to, truth }) => {
      const noticedNs = nanoseconds(truth?.withinMs ?? 0);
      const overNs = truth?.pace === 'unsteady' ? nanoseconds(RATE_MEMORY_MS) : RECOVERY_NS;
      const isComing = moment >= from && moment < from + noticedNs && moment < to;
      const isGoing = moment >= to && moment < to + overNs;
      const isRestless = truth?.pace === 'unsteady' && moment >= from && moment < to;
      return !isComing && !isGoing && !isRestless;
    });
  const laterMs = Math.max(0, ...spans.map(({ truth }) => truth?.laterMs ?? 0));
  const figure = (
    from: Stamp,
    to: Stamp | undefined,
    allowedMs: number,
    others: readonly DelayedMask[] = [],
  ): DelayFigure => {
    const isIn = ({ arrivedAt }: DelayedMask) =>
      arrivedAt >= from && (to === undefined || arrivedAt < to) && isSettled(arrivedAt);
    const before = moments === 'before' ? clean : clean.filter(isIn);
    const after = faulty.filter(isIn);
    if (before.length < LEAST_DELAYS || after.length < LEAST_DELAYS) return NOTHING;
    const cleanMs = percentile95(before);
    const otherwise = others.filter(isIn);
    const usualMs = otherwise.length < LEAST_DELAYS ? cleanMs : Math.max(cleanMs, percentile95(otherwise));
    return {
      clean: cleanMs,
      faulty: percentile95(after),
      boundMs: usualMs + MASK_DELAY_MARGIN_MS + marginMs + allowedMs,
    };
  };
  return {
    during: figure(start, end, laterMs, without),
    after: ending === 'within' ? figure(end, undefined, 0) : NOTHING,
  };
}

/** The delay that 95 of 100 masks do not exceed. */
export function percentile95(masks: readonly DelayedMask[]): number {
  return percentiles(masks.map(({ delayMs }) => delayMs)).p95;
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}
