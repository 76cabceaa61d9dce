import {
  type Check,
  failedCheckLines,
  figureText,
  type Judgement,
  NOTICED_COLUMNS,
  type ScenarioColumn,
  scenarioTable,
  WRONG_COLUMNS,
} from '../dropout/index.js';
import type { Stamp } from '../messages/index.js';
import { judgeMasks } from './judged_masks.js';
import { type LiveScenarioReport, latenciesMs, measureRun } from './measure_run.js';
import type { Observations } from './observations.js';
import { type Spread, spread } from './statistics.js';

/** `monitor.json`. Undefined figures are null: JSON has neither. */
export interface LiveReport {
  formatVersion: 1;
  node: string;
  verdict: 'passed' | 'failed';
  seconds: number;
  masks: number;
  /** From the passing of a mask's reference message through the injector to the arrival of the mask. */
  latencyMs: Spread;
  /** From the stamp of a mask to its arrival; null in all where stamps are of another time, as from a bag. */
  ageMs: Spread;
  checks: Check[];
  scenarios: LiveScenarioReport[];
  /** What the node said about its sensors, seconds since the monitor began. */
  changes: { seconds: number; modality: string; state: string; reason: string }[];
  /** The worst each part of the node said about itself in /diagnostics. */
  diagnostics: { name: string; level: string; message: string }[];
}

export interface Reporting {
  node: string;
  from: Stamp;
  to: Stamp;
  marginMs: number;
}

/** A run begins to be looked at so long after the end of the one before: the promise on recovery, and some. */
const SETTLED_NS = 1_000_000_000n;
/** Older stamps are those of a recording. */
const LIVE_AGE_MS = 60_000;

/** diagnostic_msgs/DiagnosticStatus */
const LEVELS = ['ok', 'warn', 'error', 'stale'];

/** Makes a report of all that was seen. */
export function reportLive(seen: Observations, { node, from, to, marginMs }: Reporting): LiveReport {
  const masks = judgeMasks(seen);
  const scenarios = seen.runs.flatMap((run, index): LiveScenarioReport[] => {
    const span = {
      from: (seen.runs[index - 1]?.endedAt ?? from - SETTLED_NS) + SETTLED_NS,
      to: seen.runs[index + 1]?.startedAt ?? to,
    };
    const report = measureRun(seen, masks, run, { span, marginMs });
    return report === undefined ? [] : [report];
  });
  const wrong = masks.filter(({ stampOrigin }) => stampOrigin !== 'delivered').length;
  const checks: Check[] = [
    { name: 'masks', bound: '>= 1', value: masks.length, verdict: masks.length >= 1 ? 'passed' : 'failed' },
    { name: 'wrongStamps', bound: '<= 0', value: wrong, verdict: wrong === 0 ? 'passed' : 'failed' },
  ];
  const isKept = [...checks, ...scenarios].every(({ verdict }) => verdict === 'passed');
  const ages = masks.map(({ stamp, publishedAt }) => Number(publishedAt - stamp) / 1e6);
  return {
    formatVersion: 1,
    node,
    verdict: isKept ? 'passed' : 'failed',
    seconds: Number(to - from) / 1e9,
    masks: masks.length,
    latencyMs: spread(latenciesMs(seen, masks)),
    ageMs: spread(ages.filter((ms) => Math.abs(ms) < LIVE_AGE_MS)),
    checks,
    scenarios,
    changes: seen.changes.map(({ at, ...change }) => ({ seconds: Number(at - from) / 1e9, ...change })),
    diagnostics: [...seen.worst.values()].map(({ level, ...rest }) => ({ ...rest, level: LEVELS[level] ?? 'unknown' })),
  };
}

/** The report as it goes into JUnit: the whole time as a suite of its own beside the scenarios. */
export function judgementOf({ node, checks, scenarios }: LiveReport): Judgement {
  return { title: `mle-sam monitor ${node}`, scenarios: [{ name: 'all the time', checks }, ...scenarios] };
}

const COLUMNS: readonly ScenarioColumn<LiveScenarioReport>[] = [
  ...NOTICED_COLUMNS,
  ...WRONG_COLUMNS,
  { head: 'latency', cell: ({ latencyMs }) => figureText(latencyMs.p50, ' ms') },
  { head: 'p95', cell: ({ latencyMs }) => figureText(latencyMs.p95, ' ms') },
];

/** The report for a terminal. */
export function describeLive(report: LiveReport): string {
  const { scenarios, latencyMs, ageMs, masks, seconds } = report;
  const lines = scenarios.length > 0 ? [scenarioTable(scenarios, COLUMNS)] : [];
  lines.push(...failedCheckLines(judgementOf(report).scenarios));
  const age = ageMs.p50 === null ? '' : `, from its stamp ${figureText(ageMs.p50, '')} ms`;
  lines.push(
    `${masks} masks in ${seconds.toFixed(1)} s; from message to mask ${figureText(latencyMs.p50, '')} ms in the middle, ` +
      `${figureText(latencyMs.p95, '')} ms in 95 % of all${age}.`,
  );
  return lines.join('\n');
}
