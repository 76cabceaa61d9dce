import { writeSync } from 'node:fs';

/** What must happen before the process ends, however it ends; in the order in which it was registered. */
const tasks = new Set<() => void>();
/** Of threads: whether each is ready to be ended. */
const threads = new Set<() => boolean>();

/**
 * Registers what must be done before the process ends: after its last work, by `process.exit`, or by an error that
 * is caught nowhere. Commands turn SIGINT and SIGTERM into one of these (`cli/interrupts.ts`).
 * @param task - synchronous, as the event loop is over by then; what it throws keeps no other task from its turn
 * @returns takes the task back
 */
export function atExit(task: () => void): () => void {
  tasks.add(task);
  listen();
  return () => {
    tasks.delete(task);
    listen();
  };
}

/**
 * Says that a thread may be in native code, which nothing can end. Node.js waits for its threads before it ends. So where
 * one is not ready after all else is done, the process ends itself by SIGKILL (status 137 in a shell).
 * @param makeReady - whether the thread is ready to be ended; it may wait a while for that
 * @returns says that the thread has ended
 */
export function beforeTheEnd(makeReady: () => boolean): () => void {
  threads.add(makeReady);
  listen();
  return () => {
    threads.delete(makeReady);
    listen();
  };
}

function listen(): void {
  process.off('exit', runAll);
  if (tasks.size > 0 || threads.size > 0) process.on('exit', runAll);
}

function runAll(exitCode: number): void {
  for (const task of tasks) {
    try {
      task();
    } catch {
      // Nothing can be done about it any more.
    }
  }
  const areReady = [...threads].map((makeReady) => makeReady());
  if (!areReady.includes(false)) return;
  const what = 'a thread in native code does not end, so the process is killed; all else is done';
  // Not process.stderr, which may write later than now.
  writeSync(2, `${what}, with exit status ${exitCode}\n`);
  process.kill(process.pid, 'SIGKILL');
}
