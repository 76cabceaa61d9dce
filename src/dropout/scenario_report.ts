import type { Scenario } from '../faults/index.js';
import type { Stamp } from '../messages/index.js';
import { ownValue } from '../records/own_value.js';
import { type ModelsOfSource, type ReplaySource, sensorsOf } from '../replay/index.js';
import { type FaultReport, jsonOf } from './fault_report.js';
import type { FaultWindow } from './fault_window.js';
import { measureHealth } from './health_metrics.js';
import { atLeastNumber, atMost, type Check, judge } from './judge.js';
import { CLEAN_DELAY_SHARE, LARGEST_TOLERANCE_NS, RECOVERY_NS } from './limits.js';
import { type DelayedMask, measureDelays, percentile95 } from './mask_delay.js';
import { duringFault, measureDropout, pairMasks } from './metrics.js';
import type { MaskRecord, RunRecord } from './run_record.js';
import { compareScores, type ScoreComparison } from './scores.js';

/** Mean weight of each modality over the masks of a stretch, 0 where absent; null where there is no mask. */
type Routing = Record<string, number | null>;

/** What one scenario did to a bag's masks. */
export interface ScenarioReport extends FaultReport {
  /** Where there are fallbacks: masks that each model made. */
  masksByModel?: Record<string, number>;
  identicalAfterMs: number | null;
  score: ScoreComparison;
  /** mIoU of the clean run minus that of the faulty one. */
  miouLossPoints: number | null;
  /** mIoU of the run in which the faulty sensors are switched off minus that of the faulty one. */
  miouBelowAbsentPoints: number | null;
  /** Absent where the model routes nothing. */
  routing?: { before: Routing; during: Routing; after: Routing };
}

/** The runs of the same bag a scenario is told by. */
export interface ScenarioRuns {
  clean: RunRecord;
  faulty: RunRecord;
  /** With the faulty sensors switched off from the start; undefined where no sensor would be left. */
  absent: RunRecord | undefined;
}

/**
 * Compares a scenario's run with the others and holds it against the scenario's expectations.
 * @param onFrame - takes the exact counts of each frame under the fault, with the clean run's mask of the moment
 */
export function reportScenario(
  source: ModelsOfSource & Pick<ReplaySource, 'config'>,
  scenario: Scenario,
  window: FaultWindow,
  { clean, faulty, absent }: ScenarioRuns,
  onFrame?: (clean: MaskRecord, counts: number[]) => void,
): ScenarioReport {
  const { bundle, fallbacks = [], config } = source;
  const pairs = pairMasks(clean, faulty);
  const metrics = measureDropout(pairs, clean, faulty, {
    window,
    degradation: scenario.degradation,
    staleLimitNs: (modality) => staleLimitNs(config.sync, modality),
  });
  const absentMasks = absent && new Map(pairMasks(clean, absent).map((pair) => [pair.clean, pair.faulty]));
  const score = compareScores(duringFault(pairs, window), absentMasks, clean, bundle.classes, onFrame);
  const { miou } = score;
  const miouLossPoints = difference(miou.clean, miou.faulty);
  const miouBelowAbsentPoints = difference(miou.absent, miou.faulty);
  const modalities = sensorsOf(source).map(({ name }) => name);
  const { degradation } = scenario;
  const health = measureHealth(
    { health: faulty.health, received: clean.received },
    { window, clean: clean.health, modalities, degradation },
  );
  const delays = measureDelays(clean.masks.map(delayed), faulty.masks.map(delayed), window, {
    clean: 'the-same-moments',
    marginMs: 0,
    ...(fallbacks.length > 0 && { without: absent?.masks.map(delayed) }),
  });
  const { ending } = window;
  const checks = [
    used(clean, window),
    unhurried(clean, config.sync.deadlineMs),
    ...judge(scenario.expect, { ...metrics, miouLossPoints, miouBelowAbsentPoints, health, delays, ending }),
  ];
  const isRouted = clean.masks.length === 0 || clean.masks.some(({ routing }) => routing !== undefined);
  const routingIn = (from: Stamp, to: Stamp) => meanRouting(faulty, modalities, from, to);
  return {
    name: scenario.name,
    description: scenario.description,
    verdict: checks.every(({ verdict }) => verdict === 'passed') ? 'passed' : 'failed',
    window: {
      startSeconds: secondsBetween(clean.span.first, window.start),
      endSeconds: secondsBetween(clean.span.first, window.end),
      ending: window.ending,
      affected: [...window.affected],
    },
    masks: faulty.masks.length,
    ...(fallbacks.length > 0 && {
      masksByModel: masksByModel(faulty, [bundle, ...fallbacks.map((one) => one.bundle)]),
    }),
    ...jsonOf(metrics),
    health: jsonOf(health),
    maskDelayMs: jsonOf(delays),
    score,
    miouLossPoints: miouLossPoints ?? null,
    miouBelowAbsentPoints: miouBelowAbsentPoints ?? null,
    ...(isRouted && {
      routing: {
        before: routingIn(0n, window.start),
        during: routingIn(window.start, window.end),
        // Routing settles for the time recovery may take.
        after: routingIn(window.end + RECOVERY_NS, clean.span.last + RECOVERY_NS),
      },
    }),
    checks,
  };
}

/** A sensor that is in no mask anyway, for want of a transform perhaps, passes every check and proves nothing. */
function used({ masks }: RunRecord, { affected }: FaultWindow): Check {
  const counts = [...affected].map((name) => masks.filter(({ present }) => present.includes(name)).length);
  return atLeastNumber('cleanMasksWithFaultySensor', Math.min(...counts), 1);
}

/** Without a fault hardly a mask waits until its deadline; where most do, a delay under a fault says nothing. */
function unhurried({ masks }: RunRecord, deadlineMs: number): Check {
  return atMost('cleanMaskDelayMs', percentile95(masks.map(delayed)), CLEAN_DELAY_SHARE * deadlineMs);
}

function masksByModel({ masks }: RunRecord, models: readonly { name: string }[]): Record<string, number> {
  return Object.fromEntries(models.map(({ name }) => [name, masks.filter(({ model }) => model === name).length]));
}

function delayed({ arrivedAt, publishedAt }: MaskRecord): DelayedMask {
  return { arrivedAt, delayMs: secondsBetween(arrivedAt, publishedAt) * 1000 };
}

/** How far an image's stamp may lie from its mask's. */
function staleLimitNs({ streams }: ReplaySource['config']['sync'], modality: string): number {
  const { toleranceMs, offsetMs = 0 } = ownValue(streams, modality) ?? {};
  const toleranceNs = toleranceMs === undefined ? LARGEST_TOLERANCE_NS : toleranceMs * 1e6;
  return toleranceNs + Math.abs(offsetMs) * 1e6;
}

function meanRouting({ masks }: RunRecord, modalities: readonly string[], from: Stamp, to: Stamp): Routing {
  const within = masks.filter(({ publishedAt }) => publishedAt >= from && publishedAt < to);
  return Object.fromEntries(
    modalities.map((name) => {
      const sum = within.reduce((total, { routing }) => total + (routing?.get(name) ?? 0), 0);
      return [name, within.length === 0 ? null : sum / within.length];
    }),
  );
}

/** Seconds from one stamp to another. */
export function secondsBetween(from: Stamp, to: Stamp): number {
  return Number(to - from) / 1e9;
}

function difference(a: number | null, b: number | null): number | undefined {
  return a === null || b === null ? undefined : a - b;
}
