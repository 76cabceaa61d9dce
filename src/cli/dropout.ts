import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import {
  checkText,
  type DropoutReport,
  figureText,
  junitXml,
  renderDropoutPage,
  runDropout,
} from '../dropout/index.js';
import { loadScenarios } from '../faults/index.js';
import { withReplaySource } from '../replay/index.js';
import { jsonText } from '../text/index.js';
import { type BagFlags, bagOptions, withBagOptions } from './bag_options.js';
import { CONFIG_HELP, configuredSegmenter, readConfigured } from './configured.js';
import { defaultBundlePath, packagePath } from './default_bundle.js';
import { wholeNumberFrom } from './numbers.js';
import { complain, print } from './output.js';
import { problemLines } from './problem_lines.js';
import { type ProviderFlags, withProviderOptions } from './provider_options.js';

interface DropoutFlags extends ProviderFlags, BagFlags {
  scenarios: string[];
  model: string;
  out?: string;
  config?: string;
  seed: number;
  seconds?: number;
  json?: true;
  junit?: string;
}

/**
 * `mle-sam dropout BAG`: what sensor failures cost, how fast they are noticed and how fast they are over.
 * @param write - where the result goes; standard output by default
 */
export function dropoutCommand(write: (text: string) => void = print): Command {
  return withBagOptions(withProviderOptions(new Command('dropout')))
    .description('replay a rosbag under sensor failures and compare with a clean run: dropout.json and dropout.html')
    .argument('<bag>', 'MCAP or rosbag2 sqlite3: a file or a folder')
    .option('-s, --scenarios <paths...>', 'scenario files, or folders of them', [packagePath('config', 'scenarios')])
    .option('-m, --model <folder>', 'model bundle', defaultBundlePath())
    .option('-o, --out <folder>', "where the results go (default: out/, the bag's name and -dropout)")
    .option('-c, --config <file>', CONFIG_HELP)
    .option('--seed <number>', 'the same seed gives the same faults', wholeNumberFrom(0), 1)
    .option('--seconds <count>', 'replay only so much of the bag', wholeNumberFrom(1))
    .option('--json', 'print dropout.json instead of a table')
    .option('--junit <file>', 'write the checks of each scenario as JUnit XML; the command fails when one does')
    .action((bag: string, flags: DropoutFlags, command: Command) => dropout(bag, flags, command, write));
}

async function dropout(
  bag: string,
  flags: DropoutFlags,
  command: Command,
  write: (text: string) => void,
): Promise<void> {
  const scenarios = await loadScenarios(flags.scenarios);
  const configured = await readConfigured(command, flags);
  const out = flags.out ?? join('out', `${basename(bag).replace(/\.(mcap|db3)(\.zstd)?$/, '')}-dropout`);
  const { model, config } = configured;
  const { seed, seconds } = flags;
  const outcome = await withReplaySource(
    { bag, model, config, ...bagOptions(flags), ...configuredSegmenter(command, flags, configured) },
    (source) =>
      runDropout(source, {
        scenarios,
        seed,
        ...(seconds !== undefined && { seconds }),
        onRun: (name, done, total) => {
          if (process.stderr.isTTY) complain(`run ${done + 1} of ${total}: ${name}\n`);
        },
      }),
  );
  await mkdir(out, { recursive: true });
  const json = `${jsonText(outcome.report)}\n`;
  await writeFile(join(out, 'dropout.json'), json);
  await writeFile(join(out, 'dropout.html'), await renderDropoutPage(outcome));
  if (flags.junit !== undefined) {
    await mkdir(dirname(flags.junit), { recursive: true });
    await writeFile(flags.junit, junitXml({ title: `mle-sam dropout ${outcome.report.bag.name}`, ...outcome.report }));
    if (outcome.report.scenarios.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1;
  }
  write(
    flags.json ? json : `${describe(outcome.report)}\nreport  ${join(out, 'dropout.html')}  (open it in a browser)\n`,
  );
}

function describe({ scenarios, bag, problems }: DropoutReport): string {
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
