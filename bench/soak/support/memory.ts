import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Program } from '../../../test/ros/support/index.js';
import { COLLECT_SIGNAL, type Collected, collectGarbage } from './collector.js';

/** Of a process, in MB; what this machine does not tell is left out. */
export interface ProcessFigures {
  /** What the process holds of the machine's memory. */
  residentMb?: number;
  /** The part of it that is no file and belongs to it alone. */
  anonymousMb?: number;
  /** The part of it that other processes may see as well. */
  sharedMb?: number;
  /** What the machine has written to its disk instead. */
  swappedMb?: number;
  /** Threads, open files, pipes and sockets by their kinds. */
  counts: Readonly<Record<string, number>>;
}

/** Of this process, after full collections. */
export async function ownFigures(): Promise<ProcessFigures & Collected> {
  const collected = await collectGarbage();
  const figures = processFigures(process.pid);
  // Timers, sockets, threads and other things that keep the event loop going.
  const handles = countsOf('handle', process.getActiveResourcesInfo());
  return { ...figures, ...collected, counts: { ...figures.counts, ...handles } };
}

/** Of a program that was started with {@link watchedArguments}, after full collections. */
export async function figuresOf(program: Program): Promise<ProcessFigures & Collected> {
  const from = program.lines.length;
  program.signal(COLLECT_SIGNAL);
  const line = await program.line('{"collected":', { from, deadlineMs: 60_000 });
  const { collected } = JSON.parse(line) as { collected: Collected };
  return { ...processFigures(program.pid), ...collected };
}

/** Of any process, on Linux. */
export function processFigures(pid: number): ProcessFigures {
  if (process.platform !== 'linux') return { counts: {} };
  const of = `/proc/${pid}`;
  const status = readFileSync(`${of}/status`, 'utf8');
  const held = (name: string) => {
    const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
    return kilobytes === undefined ? undefined : (1024 * Number(kilobytes)) / 1e6;
  };
  const memory = {
    residentMb: held('VmRSS'),
    anonymousMb: held('RssAnon'),
    sharedMb: held('RssShmem'),
    swappedMb: held('VmSwap'),
  };
  return {
    ...Object.fromEntries(Object.entries(memory).filter(([, value]) => value !== undefined)),
    counts: {
      ...countsOf(
        'thread',
        readEach(`${of}/task`, (id) => readFileSync(`${of}/task/${id}/comm`, 'utf8').trim()),
      ),
      ...countsOf(
        'descriptor',
        readEach(`${of}/fd`, (id) => kindOfFile(readlinkSync(`${of}/fd/${id}`))),
      ),
    },
  };
}

/** What ended or was closed between listing and reading is left out. */
function readEach(folder: string, read: (name: string) => string): string[] {
  return readdirSync(folder).flatMap((name) => {
    try {
      return [read(name)];
    } catch {
      return [];
    }
  });
}

/** `socket:[4711]` is a socket, a path is a file. */
function kindOfFile(target: string): string {
  return target.startsWith('/') ? 'file' : target.replace(/:?\[\d+\]$/, '');
}

function countsOf(what: string, kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[`${what} ${kind}`] = (counts[`${what} ${kind}`] ?? 0) + 1;
  return counts;
}
