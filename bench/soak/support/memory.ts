import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Of a process, in MB; what this machine does not tell is left out. */
export interface ProcessFigures {
  /** What the process holds of the machine's memory. */
  residentMb?: number;
  threads?: number;
  /** Open files, pipes and sockets. */
  descriptors?: number;
}

/** Of this process, after full collections. */
export interface OwnFigures extends ProcessFigures {
  residentMb: number;
  /** In use of the main thread's heap. */
  heapMb: number;
  /** In use outside of it for objects of the heap, array buffers included. */
  outsideMb: number;
  buffersMb: number;
  /** Timers, sockets, threads and other things that keep the event loop going. */
  handles: number;
}

const inMb = (bytes: number) => bytes / 1e6;

/** @throws Error where the process was started without `--expose-gc` */
export async function ownFigures(): Promise<OwnFigures> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('Expected node --expose-gc for a run that watches memory.');
  collect();
  // What a collection has found is given up in turns of the event loop, and may have held more.
  await nextTurn();
  collect();
  await nextTurn();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    ...processFigures(process.pid),
    residentMb: inMb(rss),
    heapMb: inMb(heapUsed),
    outsideMb: inMb(external),
    buffersMb: inMb(arrayBuffers),
    handles: process.getActiveResourcesInfo().length,
  };
}

/** Of any process, on Linux. */
export function processFigures(pid: number): ProcessFigures {
  if (process.platform !== 'linux') return {};
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return {
    ...(resident !== undefined && { residentMb: inMb(1024 * Number(resident)) }),
    threads: readdirSync(`/proc/${pid}/task`).length,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}
