/** What must happen before the process ends, however it ends; in the order in which it was registered. */
const tasks = new Set<() => void>();

/**
 * Registers what must be done before the process ends: after its last work, by `process.exit`, or by an error that
 * is caught nowhere. Commands turn SIGINT and SIGTERM into one of these (`cli/interrupts.ts`).
 * @param task - synchronous, as the event loop is over by then; what it throws keeps no other task from its turn
 * @returns takes the task back
 */
export function atExit(task: () => void): () => void {
  if (tasks.size === 0) process.once('exit', runAll);
  tasks.add(task);
  return () => {
    tasks.delete(task);
    if (tasks.size === 0) process.off('exit', runAll);
  };
}

function runAll(): void {
  for (const task of tasks) {
    try {
      task();
    } catch {
      // Nothing can be done about it any more.
    }
  }
}
