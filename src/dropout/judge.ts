import type { Expectations } from '../faults/index.js';
import { atLeast, type LevelName } from './health_log.js';
import type { HealthMetrics } from './health_metrics.js';
import { RECOVERY_MS } from './limits.js';
import type { DelayFigure, MaskDelays } from './mask_delay.js';
import type { DropoutMetrics } from './metrics.js';

/** One bound and how the run stands to it. */
export interface Check {
  name: string;
  /** `continuityPercent >= 95` */
  bound: string;
  /** A figure, or the level of a diagnostic. */
  value: number | LevelName | null;
  verdict: 'passed' | 'failed';
}

interface Judged extends DropoutMetrics {
  miouLossPoints: number | undefined;
  miouBelowAbsentPoints?: number | undefined;
  health: HealthMetrics;
  delays: MaskDelays;
  /** Whether what comes after the fault can be seen. */
  ending: 'within' | 'with-bag';
}

type MostName = keyof DropoutMetrics | 'miouLossPoints' | 'miouBelowAbsentPoints';

/**
 * Holds a run against a scenario's expectations. A figure that does not exist fails its bound, but for what the end of
 * the bag hides. Stamps, stale pictures, what the node says of its sensors and how long masks take are always judged.
 */
export function judge(expect: Expectations, measured: Judged): Check[] {
  const most = (name: MostName, bound: number | undefined): Check[] =>
    bound === undefined ? [] : [atMost(name, measured[name], bound)];
  const { continuityPercent: least } = expect;
  const isSeen = measured.ending === 'within';
  return [
    ...(least === undefined ? [] : [atLeastNumber('continuityPercent', measured.continuityPercent, least)]),
    ...most('degradeMs', expect.degradeMs),
    ...(isSeen ? most('recoverMs', expect.recoverMs) : []),
    ...most('falseDegradationPercent', expect.falseDegradationPercent),
    ...most('miouLossPoints', expect.miouLossPoints),
    ...most('miouBelowAbsentPoints', expect.miouBelowAbsentPoints),
    ...(isSeen ? most('identicalAfterMs', expect.identicalAfterMs) : []),
    ...most('wrongStamps', 0),
    ...most('staleMasks', 0),
    ...judgeHealth(expect, measured.health),
    ...judgeDelay('maskDelayDuringMs', measured.delays.during),
    ...judgeDelay('maskDelayAfterMs', measured.delays.after),
  ];
}

function judgeHealth(expect: Expectations, health: HealthMetrics): Check[] {
  const { toldMs, toldBoundMs, toldBackMs, toldBackBoundMs, falseCauses, falselyTold } = health;
  const { sensorLevel, neededSensorLevel, syncLevel, neededSyncLevel } = health;
  const level = (name: string, found: LevelName | undefined, needed: LevelName | undefined): Check[] => {
    if (needed === undefined) return [];
    const isKept = found !== undefined && atLeast(found, needed);
    return [{ name, bound: `>= ${needed}`, value: found ?? null, verdict: isKept ? 'passed' : 'failed' }];
  };
  return [
    ...(toldBoundMs === undefined ? [] : [atMost('toldMs', toldMs, expect.toldMs ?? toldBoundMs)]),
    ...(toldBackMs === undefined
      ? []
      : [atMost('toldBackMs', toldBackMs, Math.max(toldBackBoundMs ?? RECOVERY_MS, expect.recoverMs ?? 0))]),
    atMost('falseCauses', falseCauses, 0),
    atMost('falselyTold', falselyTold, 0),
    ...level('sensorLevel', sensorLevel, neededSensorLevel),
    ...level('syncLevel', syncLevel, neededSyncLevel),
  ];
}

function judgeDelay(name: string, { faulty, boundMs }: DelayFigure): Check[] {
  return boundMs === undefined ? [] : [atMost(name, faulty, boundMs)];
}

/** A check that a figure is there and no larger than its bound. */
export function atMost(name: string, value: number | undefined, bound: number): Check {
  const isKept = value !== undefined && value <= bound;
  return { name, bound: `<= ${rounded(bound)}`, value: finite(value), verdict: isKept ? 'passed' : 'failed' };
}

/** A check that a figure is there and no smaller than its bound. */
export function atLeastNumber(name: string, value: number | undefined, bound: number): Check {
  const isKept = value !== undefined && value >= bound;
  return { name, bound: `>= ${rounded(bound)}`, value: finite(value), verdict: isKept ? 'passed' : 'failed' };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function rounded(bound: number): string {
  return String(Math.round(bound * 1000) / 1000);
}
