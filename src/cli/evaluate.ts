import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { recogniseDataset } from '../datasets/index.js';
import { CONVENTION_NAMES } from '../evaluation/index.js';
import { writeOutput } from '../outputs/index.js';
import { withReplaySource } from '../replay/index.js';
import { renderEvaluation } from '../report/index.js';
import {
  countProtocols,
  imagesWorthKeeping,
  PROTOCOLS,
  type ProtocolOutcome,
  type ProtocolReport,
  protocolReport,
  scoredModel,
  visitBagFrames,
} from '../robustness/index.js';
import { jsonText } from '../text/index.js';
import { bagOptions, withBagOptions } from './bag_options.js';
import { CONFIG_HELP, configuredSegmenter, readConfigured, withModelsOption } from './configured.js';
import { CONVENTIONS } from './evaluate/conventions.js';
import { refuseDatasetFlags, withDatasetOptions, withSavingOptions } from './evaluate/dataset_options.js';
import { evaluateDataset } from './evaluate/evaluate_dataset.js';
import { type EvaluateFlags, protocolOptions } from './evaluate/evaluate_flags.js';
import { evaluateModels } from './evaluate/evaluate_models.js';
import { claimPage } from './evaluate/evaluation_output.js';
import { bagPage } from './evaluate/evaluation_page.js';
import { protocolFigureNames, protocolFigures } from './evaluate/figures.js';
import { protocolLines, SIMULATED } from './evaluate/protocol_text.js';
import { interruptible } from './interrupts.js';
import { wholeNumberFrom } from './numbers.js';
import { print } from './output.js';
import { problemLines } from './problem_lines.js';
import { withProviderOptions } from './provider_options.js';
import { checkLines, claimJunit, judge, reportChecks, requireKnown, requirement } from './requirements.js';
import { withUnitOptions } from './units/unit_options.js';

/**
 * `mle-sam evaluate DATA`: how a model's scores hold when modalities are missing or noisy.
 * @param write - where the result goes; standard output by default
 */
export function evaluateCommand(write: (text: string) => void = print): Command {
  return withModelsOption(
    withUnitOptions(
      withSavingOptions(withDatasetOptions(withBagOptions(withProviderOptions(new Command('evaluate'))))),
    ),
  )
    .description('score a model per class and condition, over all subsets of its modalities, and under noise')
    .argument('<data>', 'rosbag with ground truth, or root of a data set: DELIVER, MUSES, MCubeS or one of your own')
    .addOption(
      new Option(
        '-p, --protocol <protocols...>',
        'absent: missing modalities do not run; emm: they are zero-filled (default: both; of a published data set or ' +
          'one of your own none, all modalities only)',
      ).choices(PROTOCOLS),
    )
    .option('--every <n>', 'only every n-th frame', wholeNumberFrom(1), 1)
    .option('-c, --config <file>', `bag: ${CONFIG_HELP}`)
    .option('--seed <number>', 'the same seed gives the same noise', wholeNumberFrom(0), 1)
    .addOption(
      new Option(
        '--convention <convention>',
        'classes in neither ground truth nor masks: left-out as by cityscapes, or zero as by cmnext (default: ' +
          'cityscapes, on DELIVER cmnext)',
      ).choices(Object.keys(CONVENTIONS)),
    )
    .option('--json', 'print JSON instead of tables')
    .option('--require <bound>', "fail unless a figure keeps it, repeatable: 'miou>=50'", requirement)
    .option('--junit <file>', 'write the required bounds as JUnit XML')
    .option('--page <file>', 'write the scores as a page for a browser; of a data set --out has one')
    .option('--force', 'replace files that mle-sam did not make')
    .action((data: string, given: Omit<EvaluateFlags, 'model'> & { model: string | string[] }, command: Command) =>
      interruptible(async (signal) => {
        const [model = '', ...others] = [given.model].flat();
        const flags = { ...given, model };
        const kind = flags.dataset ?? (await recogniseDataset(data));
        if (kind !== undefined && others.length > 0) {
          throw new Error('Expected one --model for a data set but received several. Score them one after the other.');
        }
        if (kind !== undefined) return evaluateDataset(kind, data, flags, command, write, signal);
        refuseDatasetFlags(command);
        const overwriting = flags.force ? 'any' : 'own';
        await claimJunit(flags.junit, overwriting);
        await claimPage(flags.page, overwriting);
        if (others.length > 0 && flags.page !== undefined) {
          throw new Error('Expected one --model for --page but received several. Use mle-sam compare --page for two.');
        }
        if (others.length > 0) return evaluateModels(data, { ...flags, others }, command, write, signal);
        const { failure, ...report } = await evaluateBag(data, flags, command, signal);
        const checks = judge(flags.require ?? [], protocolFigures(report));
        write(flags.json ? `${jsonText(report)}\n` : `${[describe(report), ...checkLines(checks)].join('\n')}\n`);
        const { partialBecause } = report;
        await reportChecks(checks, { kind: 'evaluate', name: basename(data), junit: flags.junit, partialBecause });
        if (failure !== undefined) throw failure.error;
      }),
    );
}

async function evaluateBag(
  data: string,
  flags: EvaluateFlags,
  command: Command,
  signal: AbortSignal,
): Promise<ProtocolOutcome> {
  const options = { ...protocolOptions(flags, {}), signal };
  if (flags.page !== undefined && options.protocols.every((protocol) => protocol === 'nm')) {
    throw new Error(
      'Expected absent, emm or rmm among --protocol for --page but received nm alone. It has no score without noise.',
    );
  }
  requireKnown(flags.require ?? [], protocolFigureNames(options.protocols));
  const configured = await readConfigured(command, flags);
  const { model, fallbacks, config } = configured;
  const workerOptions = {
    ...configuredSegmenter(command, flags, configured),
    keptImages: imagesWorthKeeping(options.protocols),
  };
  return withReplaySource(
    { bag: data, model, fallbacks, fallbackStart: 'lazy', config, ...bagOptions(flags), ...workerOptions },
    async (source) => {
      const counted = await countProtocols(source, options, (visit) =>
        visitBagFrames(source, flags.every, visit, signal),
      );
      const report = protocolReport(scoredModel(source.bundle), options, counted);
      if (flags.page !== undefined) {
        const bag = { name: basename(data), path: data };
        await writeOutput(flags.page, await renderEvaluation(bagPage(bag, source.bundle, counted, report)));
      }
      return report;
    },
  );
}

function describe(report: ProtocolReport): string {
  const { frames, model, convention, problems, partialBecause } = report;
  const lines = [
    `${model.name} on ${frames.used} frames; mIoU in percent, classes in neither truth nor masks: ` +
      `${convention} (${CONVENTION_NAMES[convention]})`,
  ];
  if (frames.leftOut > 0)
    lines.push(`${frames.leftOut} frames were left out: a modality or their ground truth is missing`);
  if (partialBecause !== undefined) lines.push(`! The results are partial: ${partialBecause}.`);
  lines.push(...problemLines(problems), ...protocolLines(report));
  if (frames.source === 'simulation') lines.push(SIMULATED);
  return lines.join('\n');
}
