import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import type { AbsentClassConvention } from '../evaluation/index.js';
import { loadBundle, Segmenter } from '../model/index.js';
import { withReplaySource } from '../replay/index.js';
import {
  imagesWorthKeeping,
  MISSING_CHANCES,
  PROTOCOLS,
  type Protocol,
  type ProtocolOutcome,
  type ProtocolReport,
  PUBLISHED_SCORES,
  runProtocol,
  type SubsetTable,
  visitBagFrames,
  visitDatasetFrames,
} from '../robustness/index.js';
import { jsonText } from '../text/index.js';
import { type BagFlags, bagOptions, withBagOptions } from './bag_options.js';
import { CONFIG_HELP, configuredSegmenter, readConfigured } from './configured.js';
import { defaultBundlePath } from './default_bundle.js';
import { interruptible } from './interrupts.js';
import { wholeNumberFrom } from './numbers.js';
import { print } from './output.js';
import { problemLines } from './problem_lines.js';
import { type ProviderFlags, withProviderOptions } from './provider_options.js';

interface EvaluateFlags extends ProviderFlags, BagFlags {
  protocol: Protocol[];
  model: string;
  split: string;
  every: number;
  config?: string;
  seed: number;
  convention: AbsentClassConvention;
  json?: true;
}

/**
 * `mle-sam evaluate DATA`: how a model's scores hold when modalities are missing or noisy.
 * @param write - where the result goes; standard output by default
 */
export function evaluateCommand(write: (text: string) => void = print): Command {
  return withBagOptions(withProviderOptions(new Command('evaluate')))
    .description('score a model over all subsets of its modalities, and under noise (protocol of arXiv 2503.18445)')
    .argument('<data>', 'rosbag with ground truth, or root folder of a data set in DELIVER layout')
    .addOption(
      new Option('-p, --protocol <protocols...>', 'absent: missing modalities do not run; emm: they are zero-filled')
        .choices(PROTOCOLS)
        .default(['absent', 'emm']),
    )
    .option('-m, --model <folder>', 'model bundle', defaultBundlePath())
    .option('--split <split>', 'data set: the split to score', 'val')
    .option('--every <n>', 'only every n-th frame', wholeNumberFrom(1), 1)
    .option('-c, --config <file>', `bag: ${CONFIG_HELP}`)
    .option('--seed <number>', 'the same seed gives the same noise', wholeNumberFrom(0), 1)
    .addOption(
      new Option(
        '--convention <convention>',
        'classes in neither ground truth nor masks: left out, or scored 0 as by CMNeXt',
      )
        .choices(['left-out', 'zero'])
        .default('left-out'),
    )
    .option('--json', 'print JSON instead of tables')
    .action((data: string, flags: EvaluateFlags, command: Command) =>
      interruptible(async (signal) => {
        const { failure, ...report } = await evaluate(data, flags, command, signal);
        write(flags.json ? `${jsonText(report)}\n` : `${describe(report)}\n`);
        if (failure !== undefined) throw failure.error;
      }),
    );
}

async function evaluate(
  data: string,
  flags: EvaluateFlags,
  command: Command,
  signal: AbortSignal,
): Promise<ProtocolOutcome> {
  const { every, split } = flags;
  const configured = await readConfigured(command, flags);
  const { model, config } = configured;
  const options = { protocols: flags.protocol, seed: flags.seed, convention: flags.convention, signal };
  const workerOptions = {
    ...configuredSegmenter(command, flags, configured),
    keptImages: imagesWorthKeeping(flags.protocol),
  };
  const isDataset = (await stat(join(data, 'dataset.json')).catch(() => undefined))?.isFile() ?? false;
  if (!isDataset) {
    return withReplaySource({ bag: data, model, config, ...bagOptions(flags), ...workerOptions }, (source) =>
      runProtocol(source, options, (visit) => visitBagFrames(source, every, visit, signal)),
    );
  }
  const bundle = await loadBundle(model);
  const segmenter = await Segmenter.create(bundle, workerOptions);
  try {
    return await runProtocol({ bundle, segmenter }, options, (visit) =>
      visitDatasetFrames(data, { split, every }, bundle, visit, signal),
    );
  } finally {
    await segmenter.close();
  }
}

const TITLES: Readonly<Record<SubsetTable['protocol'], string>> = {
  absent: 'absent: missing modalities do not run, as in the node',
  emm: 'EMM: missing modalities are zero-filled',
  rmm: 'RMM: elements of missing modalities are zeroed at random',
};

function describe(report: ProtocolReport): string {
  const { frames, model, convention, tables, noise, problems, partialBecause } = report;
  const lines = [
    `${model.name} on ${frames.used} frames; mIoU in percent, classes in neither truth nor masks: ${convention}`,
  ];
  if (frames.leftOut > 0)
    lines.push(`${frames.leftOut} frames were left out: a modality or their ground truth is missing`);
  if (partialBecause !== undefined) lines.push(`! The results are partial: ${partialBecause}.`);
  lines.push(...problemLines(problems));
  for (const table of tables) lines.push('', ...describeSubsets(table));
  if (noise.length > 0) {
    lines.push('', 'NM: salt and pepper, and Gaussian noise, on all modalities');
    const rows = noise.map(({ level, miou, clampedShare }) => [
      level,
      text(miou),
      `${(100 * clampedShare).toFixed(0)} %`,
    ]);
    lines.push(grid(['noise', 'mIoU', 'elements kept within 0..255'], rows));
  }
  lines.push('', 'Published, MiT-B2 models on DELIVER val (arXiv 2503.18445), zero-filled:', publishedTable(report));
  lines.push(
    frames.source === 'simulation'
      ? 'WARNING: these frames are simulated. Their scores compare with nothing published.'
      : 'Published figures compare only with a model trained on DELIVER and scored on its val split.',
  );
  return lines.join('\n');
}

function describeSubsets({ protocol, rate, subsets, average, expected }: SubsetTable): string[] {
  const title = rate === undefined ? TITLES[protocol] : `${TITLES[protocol]}, r = ${rate}`;
  const rows = subsets.map(({ present, miou }) => [present.join(' + '), text(miou)]);
  rows.push(['Avg', text(average)]);
  for (const p of MISSING_CHANCES) rows.push([`E, p = ${p}`, text(expected[p])]);
  return [title, grid(['present', 'mIoU'], rows)];
}

/** The rivals, and in the last row what was measured here, zero-filled as theirs. */
function publishedTable({ tables, noise, model }: ProtocolReport): string {
  const emm = tables.find(({ protocol }) => protocol === 'emm');
  const rmm = tables.filter(({ protocol }) => protocol === 'rmm');
  const rows = PUBLISHED_SCORES.map(({ model: name, emm: { average, expected }, rmm: r, nm }) => [
    name,
    text(average),
    expected.map(text).join(' / '),
    r.map(text).join(' / '),
    nm.map(text).join(' / '),
  ]);
  const joined = (values: readonly (number | null)[]) => (values.length === 0 ? '-' : values.map(text).join(' / '));
  rows.push([
    `${model.name} here`,
    text(emm?.average),
    joined(emm === undefined ? [] : MISSING_CHANCES.map((p) => emm.expected[p] ?? null)),
    joined(rmm.map(({ average }) => average)),
    joined(noise.map(({ miou }) => miou)),
  ]);
  return grid(['model', 'EMM Avg', 'E p=.2/.1/.05', 'RMM r=.75/.5/.25', 'NM low/mid/high'], rows);
}

function grid(head: string[], rows: string[][]): string {
  const table = new Table({ head, style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}

function text(value: number | null | undefined): string {
  return value == null ? '-' : value.toFixed(2);
}
