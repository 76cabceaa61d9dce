import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { jsonText } from '../text/index.js';
import { type BagFlags, withBagOptions } from './bag_options.js';
import { CONFIG_HELP, readConfigured } from './configured.js';
import { defaultBundlePath } from './default_bundle.js';
import { EXIT } from './exit_codes.js';
import type { BagInspection } from './inspect/bag_inspection.js';
import { inspectBundle } from './inspect/bundle_inspection.js';
import { inspectRig } from './inspect/inspect_rig.js';
import { renderBag } from './inspect/render_bag.js';
import { renderBundle } from './inspect/render_bundle.js';
import { endedByInterrupt } from './interrupts.js';
import { secondsFrom } from './numbers.js';
import { print } from './output.js';
import { type MachineFlags, machineOptions, withMachineOptions } from './provider_options.js';

interface InspectFlags extends MachineFlags, BagFlags {
  model: string;
  config?: string;
  seconds: number;
  cameraInfo?: string[];
  mounts?: string[];
  write?: string;
  force?: true;
  providers: boolean;
  json?: true;
}

/**
 * `mle-sam inspect BAG|BUNDLE`: what is in there, what a replay would use, and what is missing.
 * @param write - where the result goes; standard output by default
 */
export function inspectCommand(write: (text: string) => void = print): Command {
  return withBagOptions(withMachineOptions(new Command('inspect')))
    .description('tell what a bag or a model bundle holds, what a replay would use and what is missing')
    .argument('<path>', 'rosbag2 folder or file (MCAP or SQLite), or folder of a model bundle')
    .option('-m, --model <folder>', 'bag: the model bundle whose modalities it is judged by', defaultBundlePath())
    .option('-c, --config <file>', `bag: ${CONFIG_HELP}`)
    .option('--seconds <count>', 'bag: decode so much of it, as a replay would', secondsFrom(0.1), 3)
    .option('--camera-info <files...>', 'bag: calibration files, MODALITY=FILE, for cameras without a CameraInfo')
    .option('--mounts <entries...>', 'bag: mounts the bag lacks, as in the parameter static_transforms')
    .option('-w, --write <file>', 'bag: write a configuration to start from, for replay and node')
    .option('--force', 'bag: let --write replace a file that mle-sam did not make')
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
  const { inspection, written } = await inspectRig(path, flags, await readConfigured(command, flags));
  const note =
    written === undefined
      ? ''
      : `\nWritten: ${written}. This is what it gives; replay it with\n  mle-sam replay ${path} --config ${written}\n`;
  write(flags.json ? toJson(inspection) : `${renderBag(inspection)}${note}`);
  if (givesNoMask(inspection)) process.exitCode = EXIT.nothingMade;
}

/** Where a replay would have no sensor to make masks from. */
function givesNoMask({ modalities, messageCount }: BagInspection): boolean {
  return messageCount === 0 || Object.values(modalities).every(({ kind }) => kind === 'missing');
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
