import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { type Overwriting, writeWhole } from '../../outputs/index.js';
import { startWorker } from '../../threads/start_worker.js';
import { SIMULATED_CLASSES } from '../classes.js';
import type { Variety } from '../variety/look.js';
import { DATASET_MODALITIES, DATASET_SIZE, type FramePlan, planFrames, SPLITS, type Split } from './dataset_layout.js';
import type { FrameReply } from './frame_worker.js';

export interface DatasetOptions {
  readonly root: string;
  readonly seed: number;
  /** Default `plain`. */
  readonly variety?: Variety;
  readonly frames: Readonly<Record<Split, number>>;
  /** Worker threads that render, at least 1. */
  readonly workers: number;
  /** Called after each frame. */
  readonly onFrame?: (done: number, total: number) => void;
  /** What is in the folder and may be replaced; `own` by default: frames of a data set of the same seed are kept. */
  readonly overwriting?: Overwriting;
  /** Ends the work after the frames under way; the same call goes on where it stopped. */
  readonly signal?: AbortSignal;
}

/** The worker's entry beside this file, with this file's own ending: `.js` when built, `.ts` when run through tsx. */
const WORKER_ENTRY = new URL(`./frame_worker${extname(import.meta.url)}`, import.meta.url);

/** Validation first and testing last: a set still being written can be trained on already. */
const ORDER: readonly Split[] = ['val', 'train', 'test'];

/**
 * Writes a data set in DELIVER's layout, with a `dataset.json` that says what it holds. Frames that exist are kept, so a
 * broken-off run goes on where it stopped, and a larger count adds to a smaller set.
 * @returns how many frames were written, and how many were there
 * @throws Error if a frame cannot be written
 */
export async function writeDataset(options: DatasetOptions): Promise<{ written: number; present: number }> {
  const { root, seed, frames, variety = 'plain' } = options;
  const plans = ORDER.flatMap((split) => planFrames(split, frames[split], seed, variety));
  await mkdir(root, { recursive: true });
  await makeRoom(root, options);
  const description = join(root, DESCRIPTION);
  await writeWhole(description, jsonOf({ ...describe(options), partial: true }));
  const counts = { written: 0, present: 0 };
  let next = 0;
  const takePlan = () => (options.signal?.aborted ? undefined : plans[next++]);
  const count = (kind: 'written' | 'present') => {
    counts[kind]++;
    options.onFrame?.(counts.written + counts.present, plans.length);
  };
  const workers = Array.from({ length: Math.min(options.workers, plans.length) }, () =>
    startWorker(WORKER_ENTRY, { workerData: { root } }),
  );
  try {
    await Promise.all(workers.map((worker) => feed(worker, takePlan, count)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  const isWhole = counts.written + counts.present === plans.length;
  await writeWhole(description, jsonOf({ ...describe(options), ...(!isWhole && { partial: true }) }));
  return counts;
}

const DESCRIPTION = 'dataset.json';

/** The folders a data set is made of. */
const FOLDERS = [...DATASET_MODALITIES.map(({ folder }) => folder), 'semantic'];

/**
 * Frames of another seed or another origin must never be mixed with new ones.
 * @throws Error where the folder holds any, and they may not be replaced
 */
async function makeRoom(root: string, { seed, variety = 'plain', overwriting = 'own' }: DatasetOptions): Promise<void> {
  const text = await readFile(join(root, DESCRIPTION), 'utf8').catch(() => undefined);
  const found = text === undefined ? undefined : parsed(text);
  const foundVariety = found?.variety ?? 'plain';
  if (found?.source === 'simulation' && found.seed === seed && foundVariety === variety) return;
  const entries = await readdir(root);
  const inTheWay = entries.filter((name) => name === DESCRIPTION || FOLDERS.includes(name));
  if (inTheWay.length === 0) return;
  if (overwriting === 'any') {
    for (const name of inTheWay) await rm(join(root, name), { recursive: true, force: true });
    return;
  }
  const what =
    found?.source === 'simulation'
      ? `the ${foundVariety} data set of seed ${found.seed}`
      : `${inTheWay.join(', ')} of another origin`;
  throw new Error(
    `Expected a new folder for the data set, or a ${variety} one of seed ${seed}, but ${root} holds ${what}. ` +
      'Choose another one, or replace it with --force.',
  );
}

function parsed(text: string): { source?: unknown; seed?: unknown; variety?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function jsonOf(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Sends plans to a worker, one at a time, until there are none. */
function feed(
  worker: Worker,
  takePlan: () => FramePlan | undefined,
  count: (kind: 'written' | 'present') => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const send = () => {
      const plan = takePlan();
      if (plan === undefined) resolve();
      else worker.postMessage(plan);
    };
    worker.on('message', (reply: FrameReply) => {
      if (reply.kind === 'failed') {
        reject(new Error(reply.reason));
        return;
      }
      count(reply.kind);
      send();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`The rendering worker ended early with code ${code}.`)));
    send();
  });
}

function describe({ seed, frames, variety = 'plain' }: DatasetOptions): object {
  return {
    format: 1,
    source: 'simulation',
    ...DATASET_SIZE,
    classes: SIMULATED_CLASSES,
    modalities: DATASET_MODALITIES,
    seed,
    ...(variety !== 'plain' && { variety }),
    frames: SPLITS.reduce((sum, split) => sum + frames[split], 0),
  };
}
