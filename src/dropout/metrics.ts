import type { Scenario } from '../faults/index.js';
import type { Stamp } from '../messages/index.js';
import type { FaultWindow } from './fault_window.js';
import { RECOVERY_NS } from './limits.js';
import { areEqualLabels } from './packed_labels.js';
import type { MaskRecord, RunRecord } from './run_record.js';

/** A moment a mask was made for, or should have been made for. */
export interface MaskMoment {
  stamp: Stamp;
  /** Offline when its set was closed, on the bag's clock; live when the mask arrived. */
  publishedAt: Stamp;
  /** Modalities it was made from; of a moment without fault, those it should be made from. */
  present: readonly string[];
}

/** A mask with what tells whether it may be trusted. */
export interface JudgedMask extends MaskMoment, Pick<MaskRecord, 'imageDistance' | 'stampOrigin'> {}

/** What a fault did to a run's masks, as far as their headers tell. Undefined: did not happen, or cannot be seen. */
export interface MaskMetrics {
  /** Reference frames of the clean run during the fault, and how many of them have a mask, percent. */
  referenceFrames: number;
  continuityPercent: number | undefined;
  /** From when the first faulty message came, or should have come, to the first mask made without that sensor. */
  degradeMs: number | undefined;
  /** From the end of the fault to the first mask made with all faulty sensors again. */
  recoverMs: number | undefined;
  /** Masks that lack a sensor for no reason, percent of all. */
  falseDegradationPercent: number;
  /** Masks under a stamp that no message of their reference had, or that another mask has already. */
  wrongStamps: number;
  /** Masks with an image farther from their stamp than the synchroniser may accept. */
  staleMasks: number;
}

/** What a fault did to a run's masks, besides what they show. */
export interface DropoutMetrics extends MaskMetrics {
  /** From the end of the fault until all masks are byte for byte those of the clean run. */
  identicalAfterMs: number | undefined;
}

/** A clean mask and the mask the faulty run made of the same moment. */
export interface MaskPair<Clean extends MaskMoment = MaskRecord, Faulty extends MaskMoment = MaskRecord> {
  clean: Clean;
  faulty: Faulty | undefined;
  /** `time`: the faulty run's stamps are off, and the two were published at the same time. */
  by: 'stamp' | 'time';
}

/**
 * Pairs each mask of the clean run with the one the faulty run has within half a period of its stamp: a stand-in
 * reference stamps the same moment a little beside it. Masks whose stamps fit none, as after a clock jump, are paired by
 * when they were published.
 */
export function pairMasks<Clean extends MaskMoment, Faulty extends MaskMoment>(
  clean: { masks: readonly Clean[] },
  faulty: { masks: readonly Faulty[] },
): MaskPair<Clean, Faulty>[] {
  const reach = medianPeriod(clean.masks) / 2;
  const taken = new Set<Faulty>();
  const take = (candidates: readonly Faulty[], key: TimeKey, mask: Clean) => {
    const found = nearest(candidates, key, mask[key], reach);
    if (found === undefined || taken.has(found)) return undefined;
    taken.add(found);
    return found;
  };
  const byStamp = sortedBy(faulty.masks, 'stamp');
  const pairs = clean.masks.map(
    (mask): MaskPair<Clean, Faulty> => ({ clean: mask, faulty: take(byStamp, 'stamp', mask), by: 'stamp' }),
  );
  const left = sortedBy(
    faulty.masks.filter((mask) => !taken.has(mask)),
    'publishedAt',
  );
  return pairs.map((pair) => {
    if (pair.faulty !== undefined) return pair;
    return { clean: pair.clean, faulty: take(left, 'publishedAt', pair.clean), by: 'time' };
  });
}

/** Pairs whose clean mask was published while the fault was in force. */
export function duringFault<Clean extends MaskMoment, Faulty extends MaskMoment>(
  pairs: readonly MaskPair<Clean, Faulty>[],
  { start, end }: FaultWindow,
): MaskPair<Clean, Faulty>[] {
  return pairs.filter(({ clean }) => clean.publishedAt >= start && clean.publishedAt < end);
}

export interface Measuring {
  window: FaultWindow;
  degradation: Scenario['degradation'];
  /** Largest distance of an image's stamp from its mask's, by modality, ns. */
  staleLimitNs: (modality: string) => number;
  /** How long after its fault a sensor may be missing; the promise on recovery where absent. */
  recoveryNs?: bigint;
}

/**
 * What a fault did, by the masks' headers alone: all that can be seen from outside a node.
 * @param clean - when each modality's messages came, or would have come without the fault
 */
export function measureMasks(
  pairs: readonly MaskPair<MaskMoment, JudgedMask>[],
  clean: Pick<RunRecord, 'received'>,
  { masks }: { masks: readonly JudgedMask[] },
  measuring: Measuring,
): MaskMetrics {
  const { window, staleLimitNs } = measuring;
  const during = duringFault(pairs, window);
  const covered = during.filter((pair) => pair.faulty !== undefined).length;
  return {
    referenceFrames: during.length,
    continuityPercent: during.length === 0 ? undefined : (100 * covered) / during.length,
    degradeMs: degradeMs(pairs, clean, window),
    recoverMs: recoverMs(pairs, window),
    falseDegradationPercent: falseDegradations(pairs, masks.length, measuring),
    wrongStamps: masks.filter(({ stampOrigin }) => stampOrigin !== 'delivered').length,
    staleMasks: masks.filter(({ imageDistance }) => [...imageDistance].some(([name, ns]) => ns > staleLimitNs(name)))
      .length,
  };
}

/** {@link measureMasks}, and when the masks are again what they are without the fault. */
export function measureDropout(
  pairs: readonly MaskPair[],
  clean: RunRecord,
  faulty: RunRecord,
  measuring: Measuring,
): DropoutMetrics {
  return {
    ...measureMasks(pairs, clean, faulty, measuring),
    identicalAfterMs: identicalAfterMs(pairs, measuring.window),
  };
}

/** Sensors that the clean run lacks as well do not count as left out. */
function degradeMs(
  pairs: readonly MaskPair<MaskMoment, MaskMoment>[],
  { received }: Pick<RunRecord, 'received'>,
  { spans }: FaultWindow,
): number | undefined {
  let least: number | undefined;
  for (const { modality, from, to } of spans) {
    const first = received.get(modality)?.find((stamp) => stamp >= from);
    if (first === undefined) continue;
    for (const { clean, faulty } of pairs) {
      if (faulty === undefined || faulty.publishedAt < from || faulty.publishedAt >= to) continue;
      if (!clean.present.includes(modality) || faulty.present.includes(modality)) continue;
      const ms = Math.max(0, milliseconds(first, faulty.publishedAt));
      if (least === undefined || ms < least) least = ms;
      break;
    }
  }
  return least;
}

/** Sensors that the clean run did not have either are not waited for. */
function recoverMs(
  pairs: readonly MaskPair<MaskMoment, MaskMoment>[],
  { end, ending, affected }: FaultWindow,
): number | undefined {
  if (ending === 'with-bag') return undefined;
  for (const { clean, faulty } of pairs) {
    if (faulty === undefined || faulty.publishedAt < end) continue;
    const wanted = new Set(clean.present.filter((name) => affected.has(name)));
    if (!lacks(faulty.present, wanted)) return milliseconds(end, faulty.publishedAt);
  }
  return undefined;
}

function falseDegradations(
  pairs: readonly MaskPair<MaskMoment, MaskMoment>[],
  count: number,
  { window: { spans }, degradation, recoveryNs = RECOVERY_NS }: Measuring,
): number {
  const isExcused = (modality: string, at: Stamp) =>
    degradation === 'wanted' &&
    spans.some((span) => span.modality === modality && at >= span.from && at < span.to + recoveryNs);
  const falsely = pairs.filter(({ clean, faulty }) => {
    if (faulty === undefined) return false;
    return clean.present.some((name) => !faulty.present.includes(name) && !isExcused(name, faulty.publishedAt));
  });
  return count === 0 ? 0 : (100 * falsely.length) / count;
}

function identicalAfterMs(pairs: readonly MaskPair[], { end, ending }: FaultWindow): number | undefined {
  if (ending === 'with-bag') return undefined;
  let since: Stamp | undefined;
  for (const { clean, faulty } of [...pairs].reverse()) {
    if (clean.publishedAt < end) break;
    if (faulty?.stamp !== clean.stamp || !areEqualLabels(faulty.labels, clean.labels)) break;
    since = clean.publishedAt;
  }
  return since === undefined ? undefined : milliseconds(end, since);
}

function lacks(present: readonly string[], wanted: ReadonlySet<string>): boolean {
  return [...wanted].some((name) => !present.includes(name));
}

type TimeKey = 'stamp' | 'publishedAt';

/** Nanoseconds; 0 for fewer than two masks. */
function medianPeriod(masks: readonly MaskMoment[]): number {
  const periods = masks.slice(1).map(({ stamp }, i) => Number(stamp - masks[i]!.stamp));
  return periods.sort((a, b) => a - b)[periods.length >> 1] ?? 0;
}

function sortedBy<Mask extends MaskMoment>(masks: readonly Mask[], key: TimeKey): Mask[] {
  return [...masks].sort((a, b) => Number(a[key] - b[key]));
}

/** The mask nearest to a time within `reach` nanoseconds, out of masks sorted by that time. */
function nearest<Mask extends MaskMoment>(
  sorted: readonly Mask[],
  key: TimeKey,
  wanted: Stamp,
  reach: number,
): Mask | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]![key] < wanted) low = middle + 1;
    else high = middle;
  }
  const apart = (mask: Mask | undefined) => (mask === undefined ? Infinity : Math.abs(Number(mask[key] - wanted)));
  const best = apart(sorted[low - 1]) < apart(sorted[low]) ? sorted[low - 1] : sorted[low];
  return apart(best) <= reach ? best : undefined;
}

function milliseconds(from: Stamp, to: Stamp): number {
  return Number(to - from) / 1e6;
}
