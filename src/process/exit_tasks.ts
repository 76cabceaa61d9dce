import { writeSync } from 'node:fs';

/** What must happen before the process ends, however it ends; in the order in which it was registered. */
const tasks = new Set<() => void>();
/** Threads that native code keeps from ending. */
let stuckThreads = 0;

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
 * Says that a thread may never end. Node.js waits for its threads before it ends, so the process ends itself by SIGKILL
 * (status 137 in a shell) after everything else is done, as long as such a thread is there.
 * @returns says that the thread has ended
 */
export function keepFromDelayingExit(): () => void {
  let isCounted = true;
  stuckThreads++;
  listen();
  return () => {
    if (!isCounted) return;
    isCounted = false;
    stuckThreads--;
    listen();
  };
}

function listen(): void {
  process.off('exit', runAll);
  if (tasks.size > 0 || stuckThreads > 0) process.on('exit', runAll);
}

function runAll(exitCode: number): void {
  for (const task of tasks) {
    try {
      task();
    } catch {
      // Nothing can be done about it any more.
    }
  }
  if (stuckThreads === 0) return;
  const what = 'a thread in native code does not end, so the process is killed; all else is done';
  // Not process.stderr, which may write later than now.
  writeSync(2, `${what}, with exit status ${exitCode}\n`);
  process.kill(process.pid, 'SIGKILL');
}
