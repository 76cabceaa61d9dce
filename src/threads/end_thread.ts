import type { Worker } from 'node:worker_threads';
import { keepFromDelayingExit } from '../process/index.js';

/** JavaScript ends within milliseconds; what takes longer is in native code, which cannot be ended. */
const ENDING_MS = 2000;

/**
 * Ends a thread by force. Where native code holds it, it is left alone: it keeps its memory and, because Node.js waits
 * for its threads, it would keep the process from ending as well; see {@link keepFromDelayingExit}.
 * @returns once it has ended, or two seconds later
 */
export async function endThread(worker: Worker): Promise<'ended' | 'stuck'> {
  const release = keepFromDelayingExit();
  const ended = new Promise<'ended'>((resolve) => {
    worker.once('exit', () => {
      release();
      resolve('ended');
    });
  });
  void worker.terminate();
  worker.unref(); // after `terminate`, which takes it back
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'stuck'>((resolve) => {
    timer = setTimeout(() => resolve('stuck'), ENDING_MS);
  });
  const outcome = await Promise.race([ended, late]);
  clearTimeout(timer);
  return outcome;
}
