import { join } from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import {
  checkText,
  type DropoutReport,
  figureText,
  JUNIT_MARK,
  junitXml,
  renderCostTable,
  renderDropoutPage,
  runDropout,
} from '../dropout/index.js';
import { loadScenarios } from '../faults/index.js';
import { OutputFolder, requireReplaceable, writeOutput, writeWhole } from '../outputs/index.js';
import { withReplaySource } from '../replay/index.js';
import { jsonText } from '../text/index.js';
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
import { type DropoutFlags, JSON_FILE, outFolder, PAGE } from './dropout_flags.js';
import { EXIT } from './exit_codes.js';
import { interruptible } from './interrupts.js';
import { wholeNumberFrom } from './numbers.js';
import { complain, print } from './output.js';
import { problemLines } from './problem_lines.js';
import { withProviderOptions } from './provider_options.js';

/**
 * `mle-sam dropout BAG`: what sensor failures cost, how fast they are noticed and how fast they are over.
 * @param write - where the result goes; standard output by default
 */
export function dropoutCommand(write: (text: string) => void = print): Command {
  return withModelsOption(withBagOptions(withFallbackOptions(withProviderOptions(new Command('dropout')))))
    .description('replay a rosbag under sensor failures and compare with a clean run: dropout.json and dropout.html')
    .argument('<bag>', 'MCAP or rosbag2 sqlite3: a file or a folder')
    .option('-s, --scenarios <paths...>', 'scenario files, or folders of them', [packagePath('config', 'scenarios')])
    .option('-o, --out <folder>', "where the results go (default: out/, the bag's name and -dropout)")
    .option('-c, --config <file>', CONFIG_HELP)
    .option('--seed <number>', 'the same seed gives the same faults', wholeNumberFrom(0), 1)
    .option('--seconds <count>', 'replay only so much of the bag', wholeNumberFrom(1))
    .option('--force', "replace files of the results' names that mle-sam did not make")
    .option('--json', 'print dropout.json instead of a table')
    .option('--markdown', 'print what each scenario costs and how it is told as a Markdown table')
    .option('--junit <file>', 'write the checks of each scenario as JUnit XML; the command fails when one does')
    .action((bag: string, flags: Omit<DropoutFlags, 'model'> & { model: string | string[] }, command: Command) =>
      interruptible((signal) => {
        const [model = '', ...others] = [flags.model].flat();
        return others.length === 0
          ? dropout(bag, { ...flags, model }, command, write, signal)
          : compareModels(bag, { ...flags, model, others }, command, write, signal);
      }),
    );
}

async function dropout(
  bag: string,
  flags: DropoutFlags,
  command: Command,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const scenarios = await loadScenarios(flags.scenarios);
  const configured = await readConfigured(command, flags);
  const out = outFolder(bag, flags);
  const { model, fallbacks, config } = configured;
  const fallbackStart = configuredFallbackStart(command, flags, configured);
  const { seed, seconds } = flags;
  const overwriting = flags.force ? 'any' : 'own';
  if (flags.junit !== undefined) await requireReplaceable(flags.junit, JUNIT_MARK, overwriting);
  let folder: OutputFolder | undefined;
  const outcome = await withReplaySource(
    {
      bag,
      model,
      fallbacks,
      fallbackStart,
      config,
      ...bagOptions(flags),
      ...configuredSegmenter(command, flags, configured),
    },
    async (source) => {
      folder = await OutputFolder.claim(out, [JSON_FILE, PAGE], overwriting);
      return runDropout(source, {
        signal,
        scenarios,
        seed,
        ...(seconds !== undefined && { seconds }),
        onRun: (name, done, total) => {
          if (process.stderr.isTTY) complain(`run ${done + 1} of ${total}: ${name}\n`);
        },
      });
    },
  );
  const { report, failure } = outcome;
  const json = `${jsonText(report)}\n`;
  await writeWhole(join(out, JSON_FILE), json);
  await writeWhole(join(out, PAGE), await renderDropoutPage(outcome));
  await folder?.finish();
  if (flags.junit !== undefined) {
    await writeOutput(flags.junit, junitXml({ title: `mle-sam dropout ${report.bag.name}`, ...report }));
    if (report.scenarios.some(({ verdict }) => verdict === 'failed')) process.exitCode = EXIT.checkFailed;
  }
  if (report.cleanMasks === 0) process.exitCode = EXIT.nothingMade;
  if (flags.json) write(json);
  else if (flags.markdown) write(`${renderCostTable(report)}\n`);
  else write(`${describe(report)}\nreport  ${join(out, 'dropout.html')}  (open it in a browser)\n`);
  if (failure !== undefined) throw failure.error;
}

function describe({ scenarios, bag, problems, partialBecause }: DropoutReport): string {
  const table = new Table({
    head: [
      'scenario',
      'masks',
      'told',
      'level',
      'degraded',
      'recovered',
      'delay',
      'false',
      'wrong',
      'mIoU',
      'clean',
      'without',
      'identical',
      'checks',
    ],
    colAligns: ['left', ...Array.from({ length: 12 }, () => 'right' as const), 'left'],
    style: { head: [], border: [] },
  });
  for (const s of scenarios) {
    table.push([
      s.name,
      figureText(s.continuityPercent, '%'),
      figureText(s.health.toldMs, ' ms'),
      s.health.sensorLevel ?? '-',
      figureText(s.degradeMs, ' ms'),
      figureText(s.recoverMs, ' ms'),
      figureText(s.maskDelayMs.during.faulty, ' ms'),
      figureText(s.falseDegradationPercent, '%'),
      s.wrongStamps + s.staleMasks,
      figureText(s.score.miou.faulty, '', 1),
      figureText(s.score.miou.clean, '', 1),
      figureText(s.score.miou.absent, '', 1),
      figureText(s.identicalAfterMs, ' ms'),
      s.verdict,
    ]);
  }
  const lines = [table.toString()];
  for (const { name, checks } of scenarios) {
    for (const { name: what, bound, value, verdict } of checks) {
      if (verdict === 'failed') lines.push(`! ${name}: expected ${what} ${bound} but measured ${checkText(value)}`);
    }
  }
  if (partialBecause !== undefined) lines.push(`! The results are partial: ${partialBecause}.`);
  lines.push(...problemLines(problems));
  const truth = scenarios[0]?.score.against === 'clean-masks' ? "the clean run's masks" : 'the ground truth';
  lines.push(
    `mIoU in percent over the frames of the fault, against ${truth}: under the fault, in the clean run, and in a run`,
    'without the faulty sensors. Told: from the first bad message until the node says so, and at which level of its',
    'diagnostics. Delay: p95 from the arrival of the reference message to the closing of its set.',
  );
  if (bag.source === 'simulation') lines.push('Simulated data: scores are no claim about the real world.');
  return lines.join('\n');
}
