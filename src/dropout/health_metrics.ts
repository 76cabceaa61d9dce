import type { Stamp } from '../messages/index.js';
import { type Cause, causeOf } from './cause.js';
import type { FaultSpan, FaultWindow } from './fault_window.js';
import { atLeast, type HealthLog, type LevelName, SYNC } from './health_log.js';
import { RECOVERY_NS } from './limits.js';

/** What a node said of its sensors under a fault. Undefined: did not happen, or cannot be judged. */
export interface HealthMetrics {
  /** Sensors that had to be told and were not. */
  untold: number;
  /** From the first message the fault swallowed or spoiled until the sensor was told, the longest of all. */
  toldMs: number | undefined;
  /** How long that may take; undefined where nothing had to be told, or the fault is too short to say. */
  toldBoundMs: number | undefined;
  /** From the end of the fault until the sensor is told well again, the longest of all. */
  toldBackMs: number | undefined;
  toldBackBoundMs: number | undefined;
  /** Times a failing sensor was called dropped or invalid, or was warned of, for a cause that is not true. */
  falseCauses: number;
  /** What the failing sensors were blamed for or doubted for while they failed, at level `warn` or worse. */
  said: readonly Cause[];
  /** Times a sensor was called dropped or invalid for no reason. */
  falselyTold: number;
  /** Lowest level of the failing sensors' diagnostics while they should be told. */
  sensorLevel: LevelName | undefined;
  /** Lowest level of what the sensors can make together, meanwhile. */
  syncLevel: LevelName | undefined;
  /** The level that has to be held by each of the two. */
  neededSensorLevel: LevelName | undefined;
  neededSyncLevel: LevelName | undefined;
}

/** A node's words, and when each modality's messages came, or would have come without the fault. */
export interface HealthRecord {
  health: HealthLog;
  received: ReadonlyMap<string, readonly Stamp[]>;
}

export interface HealthMeasuring {
  window: FaultWindow;
  /** What the run without the fault said; whatever it says as well is no matter of the fault. */
  clean: HealthLog | undefined;
  /** All sensors that masks are made from while nothing fails. */
  modalities: readonly string[];
  /** `unwanted`: a sensor under these faults is still good, and must not be called dropped or invalid. */
  degradation: 'wanted' | 'unwanted';
  /** `now-and-then`: what is said of all together is heard a second late at most, as on a live graph. */
  diagnostics?: 'at-once' | 'now-and-then';
  /** Times may be longer by so much: transport, decoding and inference on a live graph. */
  marginNs?: bigint;
}

/** Diagnostics come once a second, and some. */
const DIAGNOSTICS_NS = 1_500_000_000n;

/** A span in which something has to be told, with when that is due. */
interface Due {
  span: FaultSpan;
  first: Stamp;
  boundNs: bigint;
  told: Stamp | undefined;
}

/**
 * What a node said while a sensor failed: whether it noticed, in time, for a cause that is true, at the level it is
 * worth, and nothing of the others.
 */
export function measureHealth({ health, received }: HealthRecord, measuring: HealthMeasuring): HealthMetrics {
  const { window, clean, modalities, degradation, marginNs = 0n } = measuring;
  const dues = window.spans.flatMap((span) => due(span, health, received, measuring) ?? []);
  const heldFrom = (one: Due) => one.first + one.boundNs;
  // A fault that is over before it has to be told proves nothing, unless it was told.
  const judged = dues.filter((one) => heldFrom(one) < one.span.to || one.told !== undefined);
  const untold = judged.filter(({ told }) => told === undefined);
  const held = judged.filter((one) => heldFrom(one) < one.span.to);
  const lowest = (about: (one: Due) => string): LevelName | undefined =>
    held
      .flatMap((one) => health.lowest(about(one), heldFrom(one), one.span.to) ?? [])
      .reduce<LevelName | undefined>((a, b) => (a === undefined || atLeast(a, b) ? b : a), undefined);
  const syncLevel = () =>
    measuring.diagnostics === 'now-and-then'
      ? health.highest(SYNC, window.start, window.end + DIAGNOSTICS_NS)
      : lowest(() => SYNC);
  const level = held.some(({ span }) => span.truth?.told === 'warn') ? 'warn' : 'error';
  const isAnyErroneous = held.some(({ span }) => span.truth?.told === 'error');
  const areAllGone = isAnyErroneous && !isAnyLeft(held, heldFrom, { health, received });
  return {
    untold: untold.length,
    toldMs:
      untold.length > 0 || judged.length === 0
        ? undefined
        : Math.max(...judged.map(({ told, first }) => Math.max(0, milliseconds(first, told!)))),
    toldBoundMs: judged.length === 0 ? undefined : Math.max(...judged.map(({ boundNs }) => Number(boundNs) / 1e6)),
    toldBackMs: toldBackMs(judged, { health, received }, clean, window),
    toldBackBoundMs:
      judged.length === 0
        ? undefined
        : Math.max(...judged.map(({ span }) => span.truth!.overMs)) + Number(marginNs) / 1e6,
    falseCauses: falseCauses(health, clean, window),
    said: said(health, window),
    falselyTold: falselyTold(
      health,
      clean,
      degradation === 'wanted' ? window.spans : [],
      window.start,
      modalities,
      RECOVERY_NS + marginNs,
    ),
    sensorLevel: lowest(({ span }) => span.modality),
    syncLevel: isAnyErroneous ? syncLevel() : undefined,
    neededSensorLevel: held.length === 0 ? undefined : level,
    neededSyncLevel: isAnyErroneous ? (areAllGone ? 'error' : 'warn') : undefined,
  };
}

/** Whether a sensor without a fault sent something, and was of use, while others had to be told lost. */
function isAnyLeft(held: readonly Due[], heldFrom: (one: Due) => Stamp, { health, received }: HealthRecord): boolean {
  const failing = new Set(held.map(({ span }) => span.modality));
  return [...received].some(([modality, messages]) => {
    if (failing.has(modality)) return false;
    return held.some((one) => {
      const from = heldFrom(one);
      const best = health.lowest(modality, from, one.span.to);
      const isSending = messages.some((at) => at >= from && at < one.span.to);
      return isSending && best !== undefined && !atLeast(best, 'error');
    });
  });
}

function due(
  span: FaultSpan,
  health: HealthLog,
  received: HealthRecord['received'],
  { clean, marginNs = 0n }: HealthMeasuring,
): Due | undefined {
  const { modality, from, to, truth } = span;
  if (truth === undefined || truth.told === 'free') return undefined;
  const level = truth.told;
  const messages = received.get(modality) ?? [];
  const first = messages.find((stamp) => stamp >= from);
  // A sensor that says nothing by itself, or is out anyway, is not this fault's matter.
  if (first === undefined || first >= to || isTold(clean, modality, from, to)) return undefined;
  const boundNs = nanoseconds(Math.max(truth.withinMs, truth.withinPeriods * medianPeriodMs(messages))) + marginNs;
  const told = health
    .within(modality, from, to)
    .find((one) => atLeast(one.level, level) && isTrue(one.reason, truth.causes));
  return { span, first, boundNs, told: told && (told.at < from ? from : told.at) };
}

function toldBackMs(
  judged: readonly Due[],
  { health, received }: HealthRecord,
  clean: HealthLog | undefined,
  { ending, spans }: FaultWindow,
): number | undefined {
  if (ending === 'with-bag') return undefined;
  const times = judged.flatMap(({ span: { modality, to, truth } }) => {
    const isFollowed = spans.some((other) => other.modality === modality && other.from <= to && other.to > to);
    if (isFollowed || isTold(clean, modality, to, to + RECOVERY_NS)) return [];
    const isBad = (level: LevelName) => atLeast(level, truth!.told === 'warn' ? 'warn' : 'error');
    const last = health.at(modality, to);
    if (last === undefined || !isBad(last.level)) return [0];
    const back = health.of(modality).find(({ at, level }) => at > to && !isBad(level));
    if (back !== undefined) return [milliseconds(to, back.at)];
    // Where the bag is over before it has to be taken back, nothing can be said.
    const isSeen = [...received.values()].some((stamps) => stamps.at(-1)! >= to + nanoseconds(truth!.overMs));
    return isSeen ? [Infinity] : [];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}

function falseCauses(health: HealthLog, clean: HealthLog | undefined, { spans }: FaultWindow): number {
  const seen = new Set<string>();
  for (const { modality, from, to } of spans) {
    const truths = spans.filter((span) => span.modality === modality && span.from < to && span.to > from);
    if (truths.some(({ truth }) => truth === undefined)) continue;
    const causes = truths.flatMap(({ truth }) => [...truth!.causes, ...truth!.alsoTrue]);
    for (const { at, level, reason } of health.of(modality)) {
      const isWithin = at >= from && at < to;
      if (!isWithin || !atLeast(level, 'error') || isTrue(reason, causes)) continue;
      if (!isTold(clean, modality, at - RECOVERY_NS, at + RECOVERY_NS)) seen.add(`${modality} ${at}`);
    }
  }
  return seen.size;
}

function said(health: HealthLog, { spans }: FaultWindow): Cause[] {
  const causes = spans.flatMap(({ modality, from, to }) =>
    health
      .within(modality, from, to)
      .filter(({ level }) => atLeast(level, 'warn'))
      .flatMap(({ reason }) => causeOf(reason) ?? []),
  );
  return [...new Set(causes)];
}

function falselyTold(
  health: HealthLog,
  clean: HealthLog | undefined,
  excused: readonly FaultSpan[],
  start: Stamp,
  modalities: readonly string[],
  recoveryNs: bigint,
): number {
  return modalities.flatMap((modality) => {
    const isExcused = (moment: Stamp) =>
      moment < start ||
      excused.some((span) => span.modality === modality && moment >= span.from && moment < span.to + recoveryNs) ||
      isTold(clean, modality, moment - RECOVERY_NS, moment + RECOVERY_NS);
    return health.of(modality).filter(({ at, level }) => atLeast(level, 'error') && !isExcused(at));
  }).length;
}

function isTold(health: HealthLog | undefined, modality: string, from: Stamp, to: Stamp): boolean {
  const level = health?.highest(modality, from, to);
  return level !== undefined && atLeast(level, 'error');
}

function isTrue(reason: string, causes: readonly string[]): boolean {
  const cause = causeOf(reason);
  return cause !== undefined && causes.includes(cause);
}

function medianPeriodMs(stamps: readonly Stamp[]): number {
  const periods = stamps.slice(1).map((stamp, i) => milliseconds(stamps[i]!, stamp));
  return periods.sort((a, b) => a - b)[periods.length >> 1] ?? 0;
}

function milliseconds(from: Stamp, to: Stamp): number {
  return Number(to - from) / 1e6;
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}
