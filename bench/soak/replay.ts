/**
 * Replays in one process: `npm run soak -- replay [--minutes 10] [--bag FOLDER] [--model FOLDER] [--malloc usual]`. The
 * sample bag is replayed again and again. Each replay makes the same bytes, and none leaves memory, threads or open files
 * behind. By default malloc gives back at once what is free; `--malloc usual` shows what a process holds without that.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PIPELINE_CONFIG, replayBag } from '../../src/index.js';
import { fingerprintOf } from '../../src/outputs/index.js';
import { projectRoot } from '../../test/support/shared_data.js';
import { Endurance, optionsOf, positive } from './support/endurance.js';
import { ownFigures } from './support/memory.js';

const FEWEST_REPLAYS = 3;

const options = optionsOf(
  {
    minutes: '10',
    bag: join(projectRoot, 'samples', 'town'),
    model: join(projectRoot, 'test', 'fixtures', 'tiny-bundle'),
  },
  'this-process',
);
const run = new Endurance({ minutes: positive('minutes', options.minutes), read: ownFigures, series: options.series });
const out = await mkdtemp(join(tmpdir(), 'mle-sam-soak-'));
let replays = 0;
let masks = 0;
let first: string | undefined;
try {
  while (replays < FEWEST_REPLAYS || !run.isOver) {
    const { summary, paths } = await replayBag({
      bag: options.bag,
      model: options.model,
      out,
      rate: 'max',
      config: DEFAULT_PIPELINE_CONFIG,
      provider: 'cpu',
      threads: 1,
    });
    replays++;
    masks += summary.frames.published;
    const { sha256 } = await fingerprintOf(paths.masks);
    first ??= sha256;
    if (sha256 !== first) run.violation(`replay ${replays} made other bytes than the first`);
    await run.sample();
  }
} finally {
  await rm(out, { recursive: true, force: true });
}
process.exitCode = run.finish({ lane: 'replay', malloc: options.malloc, replays, masks });
