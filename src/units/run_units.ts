import type { UnitStore } from './unit_store.js';
import { failToParent, unitsFromParent, type WorkerCommand, workApart } from './worker_processes.js';

/** What a unit gives: what is kept of it, and how long it took. */
export interface UnitOutcome {
  result: unknown;
  timing?: unknown;
}

/** How the units of a run are done. */
export interface UnitWork {
  /** What is read for a unit, as it is now: names and fingerprints of files. */
  inputs: (index: number) => Promise<unknown>;
  /** Whether what a unit has written besides its own file is still there. */
  isThere?: (result: unknown) => Promise<boolean>;
  /** Gets ready, as by starting the model; called once, and only where there is something to do. */
  start: () => Promise<{
    work: (index: number) => Promise<UnitOutcome>;
    close: () => Promise<void>;
  }>;
}

export interface RunUnitsOptions {
  /** Positions of the units to do. */
  from: number;
  to: number;
  /** Processes to do them with, and how to start one; absent for this process alone. */
  apart?: { jobs: number; command: WorkerCommand };
  signal: AbortSignal;
  /** Called as each is done. */
  onDone?: (done: number, total: number) => void;
}

/** How much there was to do. */
export interface UnitCount {
  done: number;
  /** Of an earlier run, and still right. */
  kept: number;
}

/**
 * Does the units that are not done yet, one after the other or in several processes. One that throws ends the run; what
 * is done then stays done.
 * @throws whatever ended the run early
 */
export async function runUnits(
  store: UnitStore,
  work: UnitWork,
  { from, to, apart, signal, onDone }: RunUnitsOptions,
): Promise<UnitCount> {
  const due: { index: number; key: string }[] = [];
  for (let index = from; index < to; index++) {
    signal.throwIfAborted();
    const key = store.keyOf(index, await work.inputs(index));
    const found = await store.find(index, key);
    const isDone = found !== undefined && ((await work.isThere?.(found.result)) ?? true);
    if (!isDone) due.push({ index, key });
  }
  const count = { done: 0, kept: to - from - due.length };
  const onUnit = () => onDone?.(++count.done, due.length);
  if (due.length === 0) return count;
  if (apart !== undefined) {
    await workApart(
      due.map(({ index }) => ({ index, name: store.names[index]! })),
      apart,
      signal,
      onUnit,
    );
    return count;
  }
  const { work: doUnit, close } = await work.start();
  try {
    for (const { index, key } of due) {
      signal.throwIfAborted();
      const outcome = await doUnit(index);
      // A part of a unit is none.
      signal.throwIfAborted();
      await store.write({ index, key, ...jsonOf(outcome) });
      onUnit();
    }
  } finally {
    await close();
  }
  return count;
}

/**
 * Does the units that the parent process hands out, until it has no more. What ends it early is told to the parent, and
 * printed by that one.
 */
export async function runUnitsOfParent(store: UnitStore, work: UnitWork, signal: AbortSignal): Promise<void> {
  try {
    const { work: doUnit, close } = await work.start();
    try {
      for await (const index of unitsFromParent()) {
        signal.throwIfAborted();
        const key = store.keyOf(index, await work.inputs(index));
        const outcome = await doUnit(index);
        signal.throwIfAborted();
        await store.write({ index, key, ...jsonOf(outcome) });
      }
    } finally {
      await close();
    }
  } catch (error) {
    await failToParent(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

/** As it will be read back. */
function jsonOf(outcome: UnitOutcome) {
  return outcome as { result: never; timing?: never };
}
