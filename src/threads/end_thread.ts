import type { Worker } from 'node:worker_threads';
import { beforeTheEnd } from '../process/index.js';
import { gateOf } from './start_worker.js';

/** JavaScript ends within milliseconds; what takes longer is in native code, which cannot be ended. */
const ENDING_MS = 2000;

/**
 * Ends a thread by force, or where it is in a `nativeCall` as soon as that is over. Until then it is left alone and keeps its
 * memory. Where other native code holds it, a process that wants to end is killed rather than kept waiting; see
 * {@link beforeTheEnd}.
 * @returns once it has ended, or two seconds later
 */
export async function endThread(worker: Worker): Promise<'ended' | 'stuck'> {
  const gate = gateOf(worker);
  const isTerminated = gate === undefined || gate.shut() === 'may-be-terminated';
  // Of a thread that ends itself, `startWorker` has said so.
  const release = isTerminated ? beforeTheEnd(() => false) : () => {};
  const ended = new Promise<'ended'>((resolve) => {
    worker.once('exit', () => {
      release();
      resolve('ended');
    });
  });
  if (isTerminated) void worker.terminate();
  worker.unref(); // after `terminate`, which takes it back
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'stuck'>((resolve) => {
    timer = setTimeout(() => resolve('stuck'), ENDING_MS);
  });
  const outcome = await Promise.race([ended, late]);
  clearTimeout(timer);
  return outcome;
}
