/** Settles when the process is asked to end: Ctrl-C, or a launch file that shuts down. A second time ends it at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
