import '../../files/libvips.js';
import { parentPort, workerData } from 'node:worker_threads';
import type { FramePlan } from './dataset_layout.js';
import { FrameWriter } from './frame_writer.js';

/** What a worker answers for each plan it is sent. */
export type FrameReply = { kind: 'written' | 'present' } | { kind: 'failed'; reason: string };

// Entry of a worker thread: renders the frames it is sent, one after another. The threads share the cores between
// themselves already, and libvips takes one for each picture.
const writer = new FrameWriter((workerData as { root: string }).root);
parentPort?.on('message', (plan: FramePlan) => {
  writer.write(plan).then(
    (kind) => parentPort?.postMessage({ kind } satisfies FrameReply),
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      parentPort?.postMessage({ kind: 'failed', reason } satisfies FrameReply);
    },
  );
});
