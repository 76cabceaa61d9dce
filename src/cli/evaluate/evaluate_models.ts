import { basename } from 'node:path';
import type { Command } from 'commander';
import { CONVENTION_NAMES } from '../../evaluation/index.js';
import { withEachModel } from '../../replay/index.js';
import {
  type ComparedProtocol,
  type ComparedTable,
  compareProtocols,
  imagesWorthKeeping,
  runProtocol,
  visitBagFrames,
} from '../../robustness/index.js';
import { jsonText } from '../../text/index.js';
import { bagOptions } from '../bag_options.js';
import { configuredSegmenter, readConfigured } from '../configured.js';
import { problemLines } from '../problem_lines.js';
import { checkLines, judge, reportChecks, requireKnown } from '../requirements.js';
import { type EvaluateFlags, protocolOptions } from './evaluate_flags.js';
import { protocolFigureNames, protocolFigures } from './figures.js';
import { figure, grid } from './grid.js';
import { protocolTitle, SIMULATED } from './protocol_text.js';

/** `mle-sam evaluate BAG --model A --model B`: the robustness table of each model on the same bag, side by side. */
export async function evaluateModels(
  data: string,
  flags: EvaluateFlags & { others: readonly string[] },
  command: Command,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { require: required = [] } = flags;
  const options = { ...protocolOptions(flags, {}), signal };
  requireKnown(required, protocolFigureNames(options.protocols));
  const configured = await readConfigured(command, flags);
  const { model, config } = configured;
  const workerOptions = {
    ...configuredSegmenter(command, flags, configured),
    keptImages: imagesWorthKeeping(options.protocols),
  };
  let failure: { error: unknown } | undefined;
  const models = await withEachModel(
    [model, ...flags.others],
    { bag: data, config, ...bagOptions(flags), ...workerOptions },
    async ({ source, label, unlabeled }): Promise<ComparedProtocol> => {
      const outcome = await runProtocol(source, options, (visit) => visitBagFrames(source, flags.every, visit, signal));
      const { failure: own, ...report } = outcome;
      failure ??= own;
      const modalities = source.bundle.modalities.map(({ name }) => name);
      return { label, modalities, unlabeledClasses: unlabeled, report };
    },
  );
  const tables = compareProtocols(models);
  const json = () => jsonText({ formatVersion: 1, models, tables });
  const checks = models.flatMap(({ label, report }) =>
    judge(required, protocolFigures(report)).map((check) => ({ ...check, name: `${label}: ${check.name}` })),
  );
  write(flags.json ? `${json()}\n` : `${[describe(models, tables), ...checkLines(checks)].join('\n')}\n`);
  const partialBecause = models.find(({ report }) => report.partial)?.report.partialBecause;
  await reportChecks(checks, { kind: 'evaluate', name: basename(data), junit: flags.junit, partialBecause });
  if (failure !== undefined) throw failure.error;
}

function describe(models: readonly ComparedProtocol[], tables: readonly ComparedTable[]): string {
  const { convention, frames } = models[0]!.report;
  const lines = [
    `mIoU in percent, classes in neither truth nor masks: ${convention} (${CONVENTION_NAMES[convention]})`,
  ];
  for (const { label, report, unlabeledClasses } of models) {
    const { used, leftOut } = report.frames;
    lines.push(`${label}: ${used} frames, ${leftOut} left out for want of one of its sensors or of ground truth`);
    if (unlabeledClasses.length > 0) {
      const which = unlabeledClasses.join(', ');
      lines.push(`i ${label} has classes that ${models[0]!.label} lacks, which count as unlabeled: ${which}.`);
    }
    if (report.partialBecause !== undefined)
      lines.push(`! ${label}: the results are partial: ${report.partialBecause}.`);
    lines.push(...problemLines(report.problems));
  }
  for (const table of tables) {
    const rows = table.subsets.map(({ present, miou }) => [
      present.join(' + '),
      ...models.map(({ label }) => figure(miou[label])),
    ]);
    rows.push(['Avg, 0 without a mask', ...models.map(({ label }) => figure(table.average[label]))]);
    lines.push('', protocolTitle(table), grid(['there', ...models.map(({ label }) => label)], rows));
  }
  const levels = models[0]!.report.noise;
  if (levels.length > 0) {
    const rows = levels.map(({ level }) => [
      level,
      ...models.map(({ report }) => figure(report.noise.find((noise) => noise.level === level)?.miou)),
    ]);
    lines.push('', 'NM: salt and pepper, and Gaussian noise, on all modalities');
    lines.push(grid(['noise', ...models.map(({ label }) => label)], rows));
  }
  if (frames.source === 'simulation') lines.push(SIMULATED);
  return lines.join('\n');
}
