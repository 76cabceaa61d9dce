import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { openBag } from '../bags/index.js';
import { loadBundle } from '../model/index.js';
import { type InspectionTarget, inspectBag } from './inspect/bag_inspection.js';
import { inspectBundle } from './inspect/bundle_inspection.js';
import { renderBag } from './inspect/render_bag.js';
import { renderBundle } from './inspect/render_bundle.js';

/** The modalities of the bundled rig, for bags that are inspected without naming a model. */
const USUAL_MODALITIES: InspectionTarget['modalities'] = [
  { name: 'camera', representation: { kind: 'rgb' } },
  { name: 'depth', representation: { kind: 'inverse', nearMetres: 2 } },
  { name: 'events', representation: { kind: 'polarity', windowMs: 40 } },
  {
    name: 'lidar',
    representation: { kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-1, 7], dilation: 1 },
  },
];

/**
 * `mle-sam inspect BAG|BUNDLE`: what is in there, what a replay would use, and what is missing.
 * @param write - where the result goes; standard output by default
 */
export function inspectCommand(write: (text: string) => void = (text) => process.stdout.write(text)): Command {
  return new Command('inspect')
    .description('tell what a bag or a model bundle holds, what a replay would use and what is missing')
    .argument('<path>', 'rosbag2 folder or file (MCAP or SQLite), or folder of a model bundle')
    .option('--model <folder>', 'judge a bag by the modalities of this bundle (default: camera, depth, events, lidar)')
    .option('--json', 'write JSON')
    .action(async (path: string, options: { model?: string; json?: true }) => {
      const bundle = await bundleFolder(path);
      if (bundle !== undefined) {
        const inspection = await inspectBundle(bundle);
        write(options.json ? toJson(inspection) : renderBundle(inspection));
        return;
      }
      const modalities = options.model === undefined ? USUAL_MODALITIES : (await loadBundle(options.model)).modalities;
      const bag = await openBag(path);
      try {
        const inspection = await inspectBag(bag, { modalities });
        write(options.json ? toJson(inspection) : renderBag(inspection));
      } finally {
        await bag.close();
      }
    });
}

/** The folder of a model bundle, named itself or by its manifest; undefined for anything else. */
async function bundleFolder(path: string): Promise<string | undefined> {
  const isFile = (candidate: string): Promise<boolean> =>
    stat(candidate).then(
      (found) => found.isFile(),
      () => false,
    );
  if (basename(path) === 'model.json') return dirname(path);
  return (await isFile(join(path, 'model.json'))) ? path : undefined;
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
