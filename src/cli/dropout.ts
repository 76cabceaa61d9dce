import { Command } from 'commander';
import { JUNIT_MARK, runDropout } from '../dropout/index.js';
import { loadScenarios } from '../faults/index.js';
import { type OutputFolder, requireReplaceable } from '../outputs/index.js';
import { withReplaySource } from '../replay/index.js';
import { isUnitWorker } from '../units/index.js';
import { bagOptions, withBagOptions } from './bag_options.js';
import {
  CONFIG_HELP,
  configuredFallbackStart,
  configuredSegmenter,
  readConfigured,
  withFallbackOptions,
  withModelsOption,
} from './configured.js';
import { packagePath } from './default_bundle.js';
import { compareModels } from './dropout_comparison.js';
import { dropoutFigureNames } from './dropout_figures.js';
import { type DropoutFlags, outFolder } from './dropout_flags.js';
import { dropoutInUnits } from './dropout_many.js';
import { claimDropout, finishDropout } from './dropout_output.js';
import { interruptible } from './interrupts.js';
import { wholeNumberFrom } from './numbers.js';
import { complain, print } from './output.js';
import { withProviderOptions } from './provider_options.js';
import { requireKnown, requirement } from './requirements.js';
import { expandBags, type NamedBag } from './units/expand_bags.js';
import { planUnits, withUnitOptions } from './units/unit_options.js';

/**
 * `mle-sam dropout BAG`: what sensor failures cost, how fast they are noticed and how fast they are over.
 * @param write - where the result goes; standard output by default
 */
export function dropoutCommand(write: (text: string) => void = print): Command {
  return withUnitOptions(
    withModelsOption(withBagOptions(withFallbackOptions(withProviderOptions(new Command('dropout'))))),
  )
    .description('replay a rosbag under sensor failures and compare with a clean run: dropout.json and dropout.html')
    .argument('<bags...>', 'MCAP or rosbag2 sqlite3: a file or a folder; a pattern; @FILE: a list of them')
    .option('-s, --scenarios <paths...>', 'scenario files, or folders of them', [packagePath('config', 'scenarios')])
    .option(
      '-o, --out <folder>',
      "where the results go (default: out/, the bag's name and -dropout; of many out/dropout)",
    )
    .option('-c, --config <file>', CONFIG_HELP)
    .option('--seed <number>', 'the same seed gives the same faults', wholeNumberFrom(0), 1)
    .option('--seconds <count>', 'replay only so much of the bag', wholeNumberFrom(1))
    .option('--force', "replace files of the results' names that mle-sam did not make")
    .option('--json', 'print dropout.json, of many bags runs.json, instead of a table')
    .option('--markdown', 'print what each scenario costs, how it is told and how fast it is over as a Markdown table')
    .option('--require <bound>', "fail unless a figure keeps it, repeatable: 'recovered<=600'", requirement)
    .option('--junit <file>', 'write the checks of each scenario as JUnit XML; the command fails when one does')
    .action((given: string[], flags: Omit<DropoutFlags, 'model'> & { model: string | string[] }, command: Command) =>
      interruptible(async (signal) => {
        const bags = await expandBags(given);
        const [model = '', ...others] = [flags.model].flat();
        if (others.length > 0) {
          const [only, ...more] = bags;
          const isCut = flags.shard !== undefined || flags.jobs !== undefined || flags.require !== undefined;
          if (more.length > 0 || isCut) {
            throw new Error('Expected one --model for many bags, --shard, --jobs and --require but received several.');
          }
          return compareModels(only!.path, { ...flags, model, others }, command, write, signal);
        }
        return dropout(bags, { ...flags, model }, command, write, signal);
      }),
    );
}

async function dropout(
  bags: readonly NamedBag[],
  flags: DropoutFlags,
  command: Command,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const scenarios = await loadScenarios(flags.scenarios);
  requireKnown(flags.require ?? [], dropoutFigureNames(scenarios));
  const configured = await readConfigured(command, flags);
  const { model, fallbacks, config } = configured;
  const overwriting = flags.force ? 'any' : 'own';
  const source = {
    model,
    fallbacks,
    fallbackStart: configuredFallbackStart(command, flags, configured),
    config,
    ...bagOptions(flags),
    ...configuredSegmenter(command, flags, configured),
  };
  if (flags.junit !== undefined && !isUnitWorker()) await requireReplaceable(flags.junit, JUNIT_MARK, overwriting);
  const plan = planUnits(flags);
  if (bags.length > 1 || plan.kind !== 'whole') {
    return dropoutInUnits({ bags, scenarios, plan, source, flags, overwriting, command, write, signal });
  }
  const [{ path: bag }] = bags as [NamedBag];
  const { seed, seconds } = flags;
  let folder: OutputFolder | undefined;
  const outcome = await withReplaySource({ ...source, bag }, async (opened) => {
    folder = await claimDropout(outFolder(bag, flags), overwriting);
    return runDropout(opened, {
      signal,
      scenarios,
      seed,
      ...(seconds !== undefined && { seconds }),
      onRun: (name, done, total) => {
        if (process.stderr.isTTY) complain(`run ${done + 1} of ${total}: ${name}\n`);
      },
    });
  });
  await finishDropout(outcome, folder!, flags, write);
}
