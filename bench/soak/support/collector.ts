/**
 * Loaded before a program whose memory is watched (`--import`), and so by each of its worker threads as well: collects the
 * garbage of every thread when it is asked to. Without that a process seems to grow until V8 finds it worth its while.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const CHANNEL = 'mle-sam-soak: collect garbage';
/** The signal by which another process asks for it. */
export const COLLECT_SIGNAL = 'SIGUSR2';
/** Threads that wait for work have collected by then; one that computes does so when it is done, and is seen next time. */
const WORKERS_TAKE_MS = 30;

/** What the main thread has in use after full collections, in MB. */
export interface Collected {
  /** Of its heap. */
  heapMb: number;
  /** Outside of it for objects of the heap, array buffers included. */
  outsideMb: number;
  buffersMb: number;
  /** Of its heap, whether in use or not, as far as its pages have been written to. */
  heapHeldMb: number;
}

const channel = new BroadcastChannel(CHANNEL) as BroadcastChannel & { unref: () => void };
channel.unref();
if (isMainThread) {
  process.on(
    COLLECT_SIGNAL,
    () => void collectGarbage().then((collected) => console.log(JSON.stringify({ collected }))),
  );
} else {
  channel.onmessage = () => globalThis.gc?.();
}

/** @throws Error where the process was started without `--expose-gc` */
export async function collectGarbage(): Promise<Collected> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('Expected node --expose-gc for a run that watches memory.');
  channel.postMessage(undefined);
  await sleep(WORKERS_TAKE_MS);
  collect();
  // What a collection has found is given up in turns of the event loop, and may have held more.
  await nextTurn();
  collect();
  await nextTurn();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    heapMb: heapUsed / 1e6,
    outsideMb: external / 1e6,
    buffersMb: arrayBuffers / 1e6,
    heapHeldMb: getHeapStatistics().total_physical_size / 1e6,
  };
}
