import {
  atLeastNumber,
  type Check,
  type DelayedMask,
  type FaultReport,
  type FaultSpan,
  type FaultWindow,
  type JudgedMask,
  jsonOf,
  judge,
  LARGEST_TOLERANCE_NS,
  measureDelays,
  measureHealth,
  measureMasks,
  pairMasks,
  RECOVERY_NS,
  spanTruth,
} from '../dropout/index.js';
import type { Stamp } from '../messages/index.js';
import { expectHealth, expectMasks } from './expected_masks.js';
import type { FaultRun } from './fault_state.js';
import type { Observations } from './observations.js';
import { type Spread, spread } from './statistics.js';

/** What one scenario did to a node, seen from outside. */
export interface LiveScenarioReport extends FaultReport {
  seed: number;
  /** When its second 0 was, ISO 8601. */
  startedAt: string;
  /** Modalities the masks were made from before. */
  usual: string[];
  /** From the arrival of a mask's reference message at the injector to the arrival of the mask, during the fault. */
  latencyMs: Spread;
}

export interface RunMeasuring {
  /** When the run may be looked at: from the end of the one before to the start of the next. */
  span: { from: Stamp; to: Stamp };
  /** Live times hold transport, decoding and inference as well: bounds of time are wider by so much. */
  marginMs: number;
}

/** What is normal is learned from so much time before a fault, and from so many masks at least. */
const LEARNING_NS = 5_000_000_000n;
const LEAST_LEARNED = 5;
/** After the end of a fault it takes so long to say whether a node recovers. */
const AFTERMATH_NS = 1_000_000_000n;
/** A mask that takes longer is one of an earlier message under the same stamp. */
const LONGEST_LATENCY_NS = 2_000_000_000n;

/** Measures one run; undefined where it was stopped before anything failed. */
export function measureRun(
  seen: Observations,
  all: readonly JudgedMask[],
  run: FaultRun,
  { span, marginMs }: RunMeasuring,
): LiveScenarioReport | undefined {
  const window = windowOf(run, span.to, seen.faults?.topics.length ?? 0);
  if (window === undefined) return undefined;
  const masks = all.filter(({ publishedAt }) => publishedAt >= span.from && publishedAt < span.to);
  const before = masks.filter(
    ({ publishedAt }) => publishedAt < window.start && publishedAt >= window.start - LEARNING_NS,
  );
  const expected = expectMasks(seen, before, span);
  const pairs = pairMasks(expected, { masks });
  const metrics = measureMasks(
    pairs,
    expected,
    { masks },
    {
      window,
      degradation: run.scenario?.degradation ?? 'wanted',
      staleLimitNs: () => LARGEST_TOLERANCE_NS,
      recoveryNs: RECOVERY_NS + BigInt(Math.round(marginMs * 1e6)),
    },
  );
  const marginNs = BigInt(Math.round(marginMs * 1e6));
  const health = measureHealth(
    { health: seen.health, received: expected.received },
    {
      window,
      clean: expectHealth(expected.received),
      modalities: expected.usual,
      degradation: run.scenario?.degradation ?? 'wanted',
      diagnostics: 'now-and-then',
      marginNs,
    },
  );
  const delays = measureDelays(delayedMasks(seen, before), delayedMasks(seen, masks), window, {
    clean: 'before',
    marginMs,
  });
  const checks = [
    learned(before.length),
    ...judge(liveBounds(run, marginMs), {
      ...metrics,
      miouLossPoints: undefined,
      identicalAfterMs: undefined,
      health,
      delays,
      ending: window.ending,
    }).filter(({ name }) => name !== 'falselyTold' || promisesHealthyOnes(run)),
  ];
  const seconds = (stamp: Stamp) => Number(stamp - run.startedAt) / 1e9;
  return {
    name: run.name,
    description: run.scenario?.description ?? 'Faults set by hand.',
    seed: run.seed,
    verdict: checks.every(({ verdict }) => verdict === 'passed') ? 'passed' : 'failed',
    startedAt: new Date(Number(run.startedAt / 1_000_000n)).toISOString(),
    window: {
      startSeconds: seconds(window.start),
      endSeconds: seconds(window.end),
      ending: window.ending,
      affected: [...window.affected],
    },
    usual: expected.usual,
    masks: masks.length,
    ...jsonOf(metrics),
    health: jsonOf(health),
    maskDelayMs: jsonOf(delays),
    latencyMs: spread(
      latenciesMs(
        seen,
        masks.filter(({ publishedAt }) => publishedAt >= window.start && publishedAt < window.end),
      ),
    ),
    checks,
  };
}

/**
 * From the passing of the message a mask has its stamp from to the mask's arrival, milliseconds. Where several sensors
 * have that stamp, the first of them counts; a clock that jumps back gives a stamp out twice.
 */
export function latenciesMs(seen: Observations, masks: readonly JudgedMask[]): number[] {
  return delayedMasks(seen, masks).map(({ delayMs }) => delayMs);
}

function delayedMasks(seen: Observations, masks: readonly JudgedMask[]): DelayedMask[] {
  const passings = new Map<Stamp, Stamp[]>();
  for (const { stamp, at } of seen.delivered) {
    const before = passings.get(stamp);
    if (before === undefined) passings.set(stamp, [at]);
    else before.push(at);
  }
  return masks.flatMap(({ stamp, publishedAt }) => {
    const at = passings.get(stamp)?.find((passing) => publishedAt - passing <= LONGEST_LATENCY_NS);
    if (at === undefined || at > publishedAt) return [];
    return [{ arrivedAt: at, delayMs: Number(publishedAt - at) / 1e6 }];
  });
}

/** @param sensors - how many there are in all */
function windowOf({ scenario, faults, endedAt }: FaultRun, to: Stamp, sensors: number): FaultWindow | undefined {
  const spans = faults.map(({ modality, from, spec, kind, ...span }): FaultSpan => {
    const bounds = { modality, from, to: span.to ?? endedAt ?? to };
    if (spec === undefined || kind === undefined) return bounds;
    return { ...bounds, truth: spanTruth(scenario ?? { faults: [spec], expect: {} }, spec, kind, sensors) };
  });
  const [first] = spans;
  if (first === undefined) return undefined;
  const start = spans.reduce((least, { from }) => (from < least ? from : least), first.from);
  const end = spans.reduce((most, span) => (span.to > most ? span.to : most), first.to);
  return {
    start,
    end,
    ending: end + AFTERMATH_NS <= to ? 'within' : 'with-bag',
    spans,
    affected: new Set(spans.map(({ modality }) => modality)),
  };
}

/** A scenario's bounds as far as they can be judged from outside, without a clean run beside. */
function liveBounds({ scenario }: FaultRun, marginMs: number): Parameters<typeof judge>[0] {
  const { continuityPercent, falseDegradationPercent, degradeMs, recoverMs, toldMs } = scenario?.expect ?? {};
  return {
    ...(continuityPercent !== undefined && { continuityPercent }),
    ...(falseDegradationPercent !== undefined && { falseDegradationPercent }),
    ...(degradeMs !== undefined && { degradeMs: degradeMs + marginMs }),
    ...(recoverMs !== undefined && { recoverMs: recoverMs + marginMs }),
    ...(toldMs !== undefined && { toldMs: toldMs + marginMs }),
  };
}

/** A busy machine makes sensors late: that no healthy one is called lost is judged only where it is asked for. */
function promisesHealthyOnes({ scenario }: FaultRun): boolean {
  return scenario === null || scenario.expect.falseDegradationPercent !== undefined;
}

function learned(count: number): Check {
  return atLeastNumber('masksBeforeTheFault', count, LEAST_LEARNED);
}
