import type { Worker } from 'node:worker_threads';
import { beforeTheEnd } from '../process/index.js';
import { gateOf } from './start_worker.js';

/** JavaScript ends within milliseconds; what takes longer is in native code, which cannot be ended. */
const ENDING_MS = 2000;

/**
 * Ends a thread by force, or where native code holds it as soon as that is over. Until then it is left alone: it keeps its
 * memory, and where the process wants to end before, it is killed rather than kept waiting; see {@link beforeTheEnd}.
 * @returns once it has ended, or two seconds later
 */
export async function endThread(worker: Worker): Promise<'ended' | 'stuck'> {
  const gate = gateOf(worker);
  let hasEnded = false;
  const release = beforeTheEnd(() => hasEnded);
  const ended = new Promise<'ended'>((resolve) => {
    worker.once('exit', () => {
      hasEnded = true;
      release();
      resolve('ended');
    });
  });
  if (gate === undefined || gate.shut() === 'may-be-terminated') void worker.terminate();
  worker.unref(); // after `terminate`, which takes it back
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'stuck'>((resolve) => {
    timer = setTimeout(() => resolve('stuck'), ENDING_MS);
  });
  const outcome = await Promise.race([ended, late]);
  clearTimeout(timer);
  return outcome;
}
