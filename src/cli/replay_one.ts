import { join } from 'node:path';
import type { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { type ReplayOptions, type ReplayOutputs, replayBag } from '../replay/index.js';
import type { ReplaySummary } from '../report/index.js';
import { jsonText, printable } from '../text/index.js';
import { EXIT } from './exit_codes.js';
import { print } from './output.js';
import { problemLines } from './problem_lines.js';
import type { ReplayFlags } from './replay.js';
import { replayFigures } from './replay_figures.js';
import { checkLines, judge, reportChecks } from './requirements.js';
import { nameOfBag } from './units/expand_bags.js';

/** Replays one bag, with a bar meanwhile where somebody watches, and prints what came of it. */
export async function replayOne(
  bag: string,
  options: Omit<ReplayOptions, 'bag' | 'out'>,
  flags: ReplayFlags,
): Promise<void> {
  const out = flags.out ?? join('out', nameOfBag(bag));
  const isShown = process.stderr.isTTY && flags.json === undefined;
  const bar = isShown ? await progressBar() : undefined;
  let outputs: ReplayOutputs;
  try {
    outputs = await replayBag({
      ...options,
      bag,
      out,
      overwriting: flags.force ? 'any' : 'own',
      onProgress: ({ fraction, masks }) => bar?.update(Math.round(fraction * 1000) / 10, { masks }),
    });
  } finally {
    bar?.stop();
  }
  const checks = judge(flags.require ?? [], replayFigures(outputs.summary));
  const lines = [describe(outputs), ...checkLines(checks)];
  print(`${flags.json ? jsonText(outputs.summary) : lines.join('\n')}\n`);
  if (outputs.summary.frames.published === 0) process.exitCode = EXIT.nothingMade;
  const { partialBecause } = outputs.summary;
  await reportChecks(checks, { kind: 'replay', name: nameOfBag(bag), junit: flags.junit, partialBecause });
}

async function progressBar(): Promise<SingleBar> {
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    format: 'replay {bar} {percentage} % | {masks} masks | {duration_formatted}',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  bar.start(100, 0, { masks: 0 });
  return bar;
}

function describe({ summary, paths }: ReplayOutputs): string {
  const { frames, score, latencyMs, throughputFps, realTimeFactor, bag, model, provider } = summary;
  const table = new Table({ style: { head: [], border: [] } });
  table.push(
    ['bag', `${printable(bag.name)}, ${bag.durationSeconds.toFixed(1)} s, ${describeSource(bag.source)}`],
    ['model', `${model.name} on ${provider}`],
    ['masks', `${frames.published} of ${frames.reference} frames (${frames.partial} from fewer sensors)`],
  );
  if (score?.miou != null) table.push(['mIoU', `${score.miou.toFixed(1)} % over ${score.frames} frames`]);
  for (const { name, masks, role } of summary.models ?? []) table.push([`  ${role}`, `${masks} masks by ${name}`]);
  for (const [stretch, { miou }] of Object.entries(score?.stretches ?? {})) {
    table.push([`  ${printable(stretch)}`, `${miou?.toFixed(1) ?? '-'} %`]);
  }
  table.push(
    ['latency', `p50 ${ms(latencyMs.total.p50)}, p95 ${ms(latencyMs.total.p95)}, p99 ${ms(latencyMs.total.p99)}`],
    ['pace', `${throughputFps?.toFixed(1) ?? '-'} masks/s, ${realTimeFactor?.toFixed(1) ?? '-'} x real time`],
  );
  const lines = [table.toString(), describeModalities(summary)];
  if (summary.partial) lines.push(`! The results are partial: ${summary.partialBecause}.`);
  lines.push(...problemLines(summary.problems));
  for (const notice of summary.notices) lines.push(`i ${notice}`);
  lines.push(`masks   ${paths.masks}`, `summary ${paths.summary}`, `report  ${paths.report}  (open it in a browser)`);
  return lines.join('\n');
}

function describeModalities({ modalities, routing }: ReplaySummary): string {
  const table = new Table({
    head: ['modality', 'messages', 'used', 'invalid', 'seconds not active', ...(routing ? ['mean weight'] : [])],
    style: { head: [], border: [] },
  });
  for (const [name, { messages, used, invalid, states }] of Object.entries(modalities)) {
    const inactive = Object.entries(states).filter(([state, seconds]) => state !== 'active' && seconds >= 0.05);
    const words = inactive.map(([state, seconds]) => `${state} ${seconds.toFixed(1)}`).join(', ') || '-';
    table.push([name, messages, used, invalid, words, ...(routing ? [routing[name]?.mean?.toFixed(2) ?? '-'] : [])]);
  }
  return table.toString();
}

function describeSource(source: ReplaySummary['bag']['source']): string {
  return source === 'simulation' ? 'simulated' : 'recorded';
}

function ms(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(0)} ms`;
}
