import { basename } from 'node:path';
import { type FaultBinding, injectFaults, type Scenario } from '../faults/index.js';
import type { Stamp } from '../messages/index.js';
import { roleOf } from '../pipeline/index.js';
import { isSimulated, type ReplaySource, runPipeline } from '../replay/index.js';
import { type FaultWindow, faultWindow } from './fault_window.js';
import { type Check, judge } from './judge.js';
import { duringFault, measureDropout, pairMasks } from './metrics.js';
import { PictureTaker, type ScenarioPictures } from './pictures.js';
import { type RunRecord, RunRecording } from './run_record.js';
import { compareScores, type ScoreComparison } from './scores.js';

/** Mean weight of each modality over the masks of a stretch, 0 where absent; null where there is no mask. */
type Routing = Record<string, number | null>;

/** What one scenario did. Undefined figures are null: JSON has neither. */
export interface ScenarioReport {
  name: string;
  description: string;
  verdict: 'kept' | 'broken';
  /** Seconds since the bag's first message. */
  window: { startSeconds: number; endSeconds: number; ending: FaultWindow['ending']; affected: string[] };
  referenceFrames: number;
  masks: number;
  continuityPercent: number | null;
  degradeMs: number | null;
  recoverMs: number | null;
  falseDegradationPercent: number;
  wrongStamps: number;
  staleMasks: number;
  identicalAfterMs: number | null;
  score: ScoreComparison;
  miouLossPoints: number | null;
  routing: { before: Routing; during: Routing; after: Routing };
  checks: Check[];
}

/** `dropout.json`. Holds no wall time, so that the same run gives the same bytes. */
export interface DropoutReport {
  formatVersion: 1;
  bag: { name: string; seconds: number; source: 'simulation' | 'recording' };
  model: { name: string; sha256: string };
  provider: string;
  seed: number;
  cleanMasks: number;
  scenarios: ScenarioReport[];
}

export interface DropoutOptions {
  scenarios: readonly Scenario[];
  seed: number;
  /** Called before each run. */
  onRun?: (name: string, done: number, total: number) => void;
}

export interface DropoutOutcome {
  report: DropoutReport;
  pictures: ReadonlyMap<string, ScenarioPictures>;
}

/** After the end of a fault routing settles for the time recovery may take. */
const SETTLE_NS = 600_000_000n;
/** Tolerance the synchroniser derives at most, where none is configured. */
const MAX_TOLERANCE_MS = 150;

/**
 * Runs a bag through the pipeline once as it is and once under each scenario, and compares. Deterministic: the same
 * bag, bundle, scenarios and seed give the same report.
 * @throws Error with one sentence where a scenario does not fit the bag or the bundle
 */
export async function runDropout(source: ReplaySource, options: DropoutOptions): Promise<DropoutOutcome> {
  const { scenarios, seed, onRun } = options;
  const { bag, bundle, segmenter } = source;
  const binding = faultBinding(source);
  const total = scenarios.length + 1;
  onRun?.('clean run', 0, total);
  const clean = await record(source, { groundTruth: 'kept' });
  // All scenarios are checked before the first one costs its time.
  const windows = scenarios.map((scenario) => faultWindow(scenario, binding, clean));
  const reports: ScenarioReport[] = [];
  const pictures = new Map<string, ScenarioPictures>();
  for (const [index, scenario] of scenarios.entries()) {
    onRun?.(scenario.name, index + 1, total);
    const window = windows[index]!;
    const taker = new PictureTaker(window, bundle);
    const faulty = await record(source, {
      groundTruth: 'ignored',
      onMask: (frame) => taker.see(frame),
      transform: (messages) => injectFaults(messages, { scenario, binding, seed, startStamp: clean.span.first }),
    });
    reports.push(reportScenario(source, scenario, window, clean, faulty));
    pictures.set(scenario.name, await taker.finish(clean));
  }
  return {
    report: {
      formatVersion: 1,
      bag: {
        name: basename(bag.info.path),
        seconds: secondsBetween(clean.span.first, clean.span.last),
        source: isSimulated(bag.info) ? 'simulation' : 'recording',
      },
      model: { name: bundle.name, sha256: bundle.sha256 },
      provider: segmenter.selection.provider,
      seed,
      cleanMasks: clean.masks.length,
      scenarios: reports,
    },
    pictures,
  };
}

/** Which topics faults act on, and what kind of sensor sends there. */
export function faultBinding({ bundle, selection }: Pick<ReplaySource, 'bundle' | 'selection'>): FaultBinding {
  return new Map(
    bundle.modalities.flatMap(({ name, representation }) => {
      const assignment = selection.modalities.get(name);
      const kind = roleOf(representation);
      if (assignment?.kind !== 'assigned' || kind === 'ground-truth') return [];
      return [[name, { topic: assignment.topic, kind }] as const];
    }),
  );
}

type Recorded = Pick<ConstructorParameters<typeof RunRecording>[0], 'groundTruth' | 'onMask'> &
  Pick<Parameters<typeof runPipeline>[1], 'transform'>;

async function record(source: ReplaySource, { transform, ...options }: Recorded): Promise<RunRecord> {
  const modalityByTopic = new Map([...faultBinding(source)].map(([name, { topic }]) => [topic, name]));
  const listener = new RunRecording({ modalityByTopic, ...options });
  await runPipeline(source, {
    rate: 'max',
    listener,
    onMessage: (raw) => listener.received(raw),
    ...(transform && { transform }),
  });
  return listener.record();
}

function reportScenario(
  { bundle, config }: ReplaySource,
  scenario: Scenario,
  window: FaultWindow,
  clean: RunRecord,
  faulty: RunRecord,
): ScenarioReport {
  const pairs = pairMasks(clean, faulty);
  const metrics = measureDropout(pairs, clean, faulty, {
    window,
    degradation: scenario.degradation,
    staleLimitNs: (modality) => staleLimitNs(config.sync, modality),
  });
  const score = compareScores(duringFault(pairs, window), clean, bundle.classes);
  const { clean: before, faulty: after } = score.miou;
  const miouLossPoints = before === null || after === null ? undefined : before - after;
  const checks = judge(scenario.expect, { ...metrics, miouLossPoints, ending: window.ending });
  const modalities = bundle.modalities.map(({ name }) => name);
  const routingIn = (from: Stamp, to: Stamp) => meanRouting(faulty, modalities, from, to);
  return {
    name: scenario.name,
    description: scenario.description,
    verdict: checks.every(({ verdict }) => verdict === 'kept') ? 'kept' : 'broken',
    window: {
      startSeconds: secondsBetween(clean.span.first, window.start),
      endSeconds: secondsBetween(clean.span.first, window.end),
      ending: window.ending,
      affected: [...window.affected],
    },
    masks: faulty.masks.length,
    ...metrics,
    continuityPercent: metrics.continuityPercent ?? null,
    degradeMs: metrics.degradeMs ?? null,
    recoverMs: metrics.recoverMs ?? null,
    identicalAfterMs: metrics.identicalAfterMs ?? null,
    score,
    miouLossPoints: miouLossPoints ?? null,
    routing: {
      before: routingIn(0n, window.start),
      during: routingIn(window.start, window.end),
      after: routingIn(window.end + SETTLE_NS, clean.span.last + SETTLE_NS),
    },
    checks,
  };
}

/** How far an image's stamp may lie from its mask's. */
function staleLimitNs({ streams }: ReplaySource['config']['sync'], modality: string): number {
  const { toleranceMs = MAX_TOLERANCE_MS, offsetMs = 0 } = streams[modality] ?? {};
  return (toleranceMs + Math.abs(offsetMs)) * 1e6;
}

function meanRouting({ masks }: RunRecord, modalities: readonly string[], from: Stamp, to: Stamp): Routing {
  const within = masks.filter(({ publishedAt }) => publishedAt >= from && publishedAt < to);
  return Object.fromEntries(
    modalities.map((name) => {
      const sum = within.reduce((total, { routing }) => total + (routing.get(name) ?? 0), 0);
      return [name, within.length === 0 ? null : sum / within.length];
    }),
  );
}

function secondsBetween(from: Stamp, to: Stamp): number {
  return Number(to - from) / 1e9;
}
