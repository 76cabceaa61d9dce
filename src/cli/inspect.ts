import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { openBag } from '../bags/index.js';
import { loadBundle } from '../model/index.js';
import { topicConfiguration } from '../pipeline/index.js';
import { jsonText } from '../text/index.js';
import { CONFIG_HELP, readConfigured } from './configured.js';
import { defaultBundlePath } from './default_bundle.js';
import { type BagInspection, inspectBag } from './inspect/bag_inspection.js';
import { inspectBundle } from './inspect/bundle_inspection.js';
import { renderBag } from './inspect/render_bag.js';
import { renderBundle } from './inspect/render_bundle.js';
import { endedByInterrupt } from './interrupts.js';
import { print } from './output.js';
import { type MachineFlags, machineOptions, withMachineOptions } from './provider_options.js';

interface InspectFlags extends MachineFlags {
  model: string;
  config?: string;
  providers: boolean;
  json?: true;
}

/**
 * `mle-sam inspect BAG|BUNDLE`: what is in there, what a replay would use, and what is missing.
 * @param write - where the result goes; standard output by default
 */
export function inspectCommand(write: (text: string) => void = print): Command {
  return withMachineOptions(new Command('inspect'))
    .description('tell what a bag or a model bundle holds, what a replay would use and what is missing')
    .argument('<path>', 'rosbag2 folder or file (MCAP or SQLite), or folder of a model bundle')
    .option('-m, --model <folder>', 'bag: the model bundle whose modalities it is judged by', defaultBundlePath())
    .option('-c, --config <file>', `bag: ${CONFIG_HELP}`)
    .option('--no-providers', 'bundle: do not try on which providers it runs here')
    .option('--json', 'write JSON')
    .action((path: string, flags: InspectFlags, command: Command) =>
      endedByInterrupt(() => inspect(path, flags, command, write)),
    );
}

async function inspect(
  path: string,
  flags: InspectFlags,
  command: Command,
  write: (text: string) => void,
): Promise<void> {
  const bundle = await bundleFolder(path);
  if (bundle !== undefined) {
    const inspection = await inspectBundle(bundle, flags.providers ? 'tried' : 'left-out', machineOptions(flags));
    write(flags.json ? toJson(inspection) : renderBundle(inspection));
    return;
  }
  const inspection = await openAndInspect(path, flags, command);
  write(flags.json ? toJson(inspection) : renderBag(inspection));
}

async function openAndInspect(path: string, flags: InspectFlags, command: Command): Promise<BagInspection> {
  const { model, config } = await readConfigured(command, flags);
  const bag = await openBag(path);
  try {
    const { modalities } = await loadBundle(model);
    const { baseFrame } = config;
    return await inspectBag(bag, { modalities, baseFrame, configuration: topicConfiguration(config) });
  } finally {
    await bag.close();
  }
}

/** The folder of a model bundle, named itself or by its manifest; undefined for anything else. */
async function bundleFolder(path: string): Promise<string | undefined> {
  if (basename(path) === 'model.json') return dirname(path);
  const manifest = await stat(join(path, 'model.json')).catch(() => undefined);
  return manifest?.isFile() ? path : undefined;
}

function toJson(value: object): string {
  return `${jsonText(value)}\n`;
}
