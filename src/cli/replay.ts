import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import { type ReplayOutputs, replayBag } from '../replay/index.js';
import type { ReplaySummary } from '../report/index.js';
import { jsonText, printable } from '../text/index.js';
import { isUnitWorker } from '../units/index.js';
import { type BagFlags, bagOptions, withBagOptions } from './bag_options.js';
import {
  CONFIG_HELP,
  type Configured,
  configuredFallbackStart,
  configuredSegmenter,
  type FallbackFlags,
  readConfigured,
  withFallbackOptions,
} from './configured.js';
import { defaultBundlePath } from './default_bundle.js';
import { EXIT } from './exit_codes.js';
import { interruptible } from './interrupts.js';
import { print } from './output.js';
import { problemLines } from './problem_lines.js';
import { type ProviderFlags, withProviderOptions } from './provider_options.js';
import { REPLAY_FIGURES, replayFigures, replayMany } from './replay_many.js';
import {
  checkLines,
  claimJunit,
  judge,
  type Requirement,
  reportChecks,
  requireKnown,
  requirement,
} from './requirements.js';
import { expandBags, type NamedBag, nameOfBag } from './units/expand_bags.js';
import { planUnits, type UnitFlags, withUnitOptions } from './units/unit_options.js';

interface ReplayFlags extends ProviderFlags, FallbackFlags, BagFlags, UnitFlags {
  model: string;
  out?: string;
  rate: 'max' | 'realtime';
  config?: string;
  paintLidar?: true;
  json?: true;
  require?: readonly Requirement[];
  junit?: string;
  force?: true;
}

/** `mle-sam replay BAG`: masks, scores and a report from a rosbag, without ROS. */
export function replayCommand(): Command {
  return withUnitOptions(withBagOptions(withFallbackOptions(withProviderOptions(new Command('replay')))))
    .description('replay a rosbag through the model: masks.mcap, summary.json and report.html')
    .argument('<bags...>', 'MCAP or rosbag2 sqlite3: a file or a folder; a pattern; @FILE: a list of them')
    .option('-m, --model <folder>', 'model bundle', defaultBundlePath())
    .option('-o, --out <folder>', "where the results go (default: out/ and the bag's name; of many bags out/replay)")
    .addOption(
      new Option('-r, --rate <rate>', 'max: every frame, as fast as it goes; realtime: as live sensors would send it')
        .choices(['max', 'realtime'])
        .default('max'),
    )
    .option('-c, --config <file>', CONFIG_HELP)
    .option('--paint-lidar', "write each LiDAR's points with the class of each into masks.mcap")
    .option('--force', "replace files of the results' names that mle-sam did not make")
    .option('--require <bound>', "fail unless a figure keeps it, repeatable: 'miou>=50'", requirement)
    .option('--junit <file>', 'write the required bounds as JUnit XML')
    .option('--json', 'print summary.json, of many bags runs.json, instead of a table')
    .action((given: string[], flags: ReplayFlags, command: Command) =>
      interruptible(async (signal) => {
        const bags = await expandBags(given);
        requireKnown(flags.require ?? [], REPLAY_FIGURES);
        if (!isUnitWorker()) await claimJunit(flags.junit, flags.force ? 'any' : 'own');
        const isOne = bags.length === 1 && flags.shard === undefined && flags.jobs === undefined && !isUnitWorker();
        if (isOne) return replay(bags[0]!.path, flags, command, signal);
        return replayAll(bags, flags, command, signal);
      }),
    );
}

async function replayAll(
  bags: readonly NamedBag[],
  flags: ReplayFlags,
  command: Command,
  signal: AbortSignal,
): Promise<void> {
  const plan = planUnits(flags);
  const configured = await readConfigured(command, flags);
  const overwriting = flags.force ? 'any' : 'own';
  const options = {
    ...replayOptions(flags, command, configured),
    overwriting,
  } as const;
  await replayMany({ bags, plan, options, flags, overwriting, command, write: print, signal });
}

/** What flags and configuration file say of the replay of any bag. */
function replayOptions(flags: ReplayFlags, command: Command, configured: Configured) {
  const { model, fallbacks, config } = configured;
  return {
    model,
    fallbacks,
    fallbackStart: configuredFallbackStart(command, flags, configured),
    config,
    rate: flags.rate,
    points: flags.paintLidar ? 'labelled' : 'left-out',
    command: commandLine(),
    ...bagOptions(flags),
    ...configuredSegmenter(command, flags, configured),
  } as const;
}

async function replay(bag: string, flags: ReplayFlags, command: Command, signal: AbortSignal): Promise<void> {
  const out = flags.out ?? join('out', nameOfBag(bag));
  const configured = await readConfigured(command, flags);
  const isShown = process.stderr.isTTY && flags.json === undefined;
  const bar = isShown ? progressBar() : undefined;
  let outputs: ReplayOutputs;
  try {
    outputs = await replayBag({
      ...replayOptions(flags, command, configured),
      bag,
      out,
      signal,
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

/** As it was typed, with quotes where a shell needs them. */
function commandLine(): string {
  const words = ['mle-sam', ...process.argv.slice(2)];
  return words.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

function progressBar(): SingleBar {
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
