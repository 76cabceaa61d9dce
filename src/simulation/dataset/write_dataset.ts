import { mkdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { startWorker } from '../../threads/start_worker.js';
import { SIMULATED_CLASSES } from '../classes.js';
import { DATASET_MODALITIES, DATASET_SIZE, type FramePlan, planFrames, SPLITS, type Split } from './dataset_layout.js';
import type { FrameReply } from './frame_worker.js';

export interface DatasetOptions {
  readonly root: string;
  readonly seed: number;
  readonly frames: Readonly<Record<Split, number>>;
  /** Worker threads that render, at least 1. */
  readonly workers: number;
  /** Called after each frame. */
  readonly onFrame?: (done: number, total: number) => void;
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
  const { root, seed, frames } = options;
  const plans = ORDER.flatMap((split) => planFrames(split, frames[split], seed));
  await mkdir(root, { recursive: true });
  const counts = { written: 0, present: 0 };
  let next = 0;
  const takePlan = () => plans[next++];
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
  await writeFile(join(root, 'dataset.json'), `${JSON.stringify(describe(options), null, 2)}\n`);
  return counts;
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

function describe({ seed, frames }: DatasetOptions): object {
  return {
    format: 1,
    source: 'simulation',
    ...DATASET_SIZE,
    classes: SIMULATED_CLASSES,
    modalities: DATASET_MODALITIES,
    seed,
    frames: SPLITS.reduce((sum, split) => sum + frames[split], 0),
  };
}
