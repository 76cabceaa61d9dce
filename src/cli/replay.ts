import { Command, Option } from 'commander';
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
import { interruptible } from './interrupts.js';
import { print } from './output.js';
import { type ProviderFlags, withProviderOptions } from './provider_options.js';
import { REPLAY_FIGURES } from './replay_figures.js';
import { claimJunit, type Requirement, requireKnown, requirement } from './requirements.js';
import { expandBags, type NamedBag } from './units/expand_bags.js';
import { planUnits, type UnitFlags, withUnitOptions } from './units/unit_options.js';

export interface ReplayFlags extends ProviderFlags, FallbackFlags, BagFlags, UnitFlags {
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
  const { replayMany } = await import('./replay_many.js');
  const plan = planUnits(flags);
  const configured = await readConfigured(command, flags);
  const overwriting = flags.force ? 'any' : 'own';
  const options = {
    ...replayOptions(flags, command, configured),
    overwriting,
  } as const;
  await replayMany({ bags, plan, options, flags, overwriting, command, write: print, signal });
}

async function replay(bag: string, flags: ReplayFlags, command: Command, signal: AbortSignal): Promise<void> {
  const options = replayOptions(flags, command, await readConfigured(command, flags));
  const { besideModelStart } = await import('../replay/start_model.js');
  // The worker starts while the code that replays is loaded.
  await besideModelStart(options.model, options, async (started) => {
    const { replayOne } = await import('./replay_one.js');
    await replayOne(bag, { ...options, started, signal }, flags);
  });
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

/** As it was typed, with quotes where a shell needs them. */
function commandLine(): string {
  const words = ['mle-sam', ...process.argv.slice(2)];
  return words.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
