import type { Expectations } from '../faults/index.js';
import type { DropoutMetrics } from './metrics.js';

/** One bound and how the run stands to it. */
export interface Check {
  name: string;
  /** `continuityPercent >= 95` */
  bound: string;
  value: number | null;
  verdict: 'kept' | 'broken';
}

interface Judged extends DropoutMetrics {
  miouLossPoints: number | undefined;
  miouBelowAbsentPoints?: number | undefined;
  /** Whether what comes after the fault can be seen. */
  ending: 'within' | 'with-bag';
}

type MostName = keyof DropoutMetrics | 'miouLossPoints' | 'miouBelowAbsentPoints';

/**
 * Holds a run against a scenario's expectations. A figure that does not exist breaks its bound, but for what the end of
 * the bag hides. Wrong and stale stamps are always judged.
 */
export function judge(expect: Expectations, measured: Judged): Check[] {
  const most = (name: MostName, bound: number | undefined): Check[] => {
    if (bound === undefined) return [];
    const value = measured[name];
    const isKept = value !== undefined && value <= bound;
    return [{ name, bound: `<= ${bound}`, value: value ?? null, verdict: isKept ? 'kept' : 'broken' }];
  };
  const { continuityPercent: least } = expect;
  const continuity = measured.continuityPercent ?? null;
  const isSeen = measured.ending === 'within';
  return [
    ...(least === undefined
      ? []
      : [
          {
            name: 'continuityPercent',
            bound: `>= ${least}`,
            value: continuity,
            verdict: continuity !== null && continuity >= least ? ('kept' as const) : ('broken' as const),
          },
        ]),
    ...most('degradeMs', expect.degradeMs),
    ...(isSeen ? most('recoverMs', expect.recoverMs) : []),
    ...most('falseDegradationPercent', expect.falseDegradationPercent),
    ...most('miouLossPoints', expect.miouLossPoints),
    ...most('miouBelowAbsentPoints', expect.miouBelowAbsentPoints),
    ...(isSeen ? most('identicalAfterMs', expect.identicalAfterMs) : []),
    ...most('wrongStamps', 0),
    ...most('staleMasks', 0),
  ];
}
