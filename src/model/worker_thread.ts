import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread whose entry is a built `.js` file, or a `.ts` one where the project runs from its sources.
 * tsx registers itself on the main thread only, so a worker from sources has to do so before it loads its entry.
 */
export function startWorker(entry: URL, options: WorkerOptions): Worker {
  if (!entry.pathname.endsWith('.ts')) return new Worker(entry, options);
  const preload = `import { register } from '${import.meta.resolve('tsx/esm/api')}'; register();`;
  const execArgv = [...process.execArgv, '--import', `data:text/javascript,${encodeURIComponent(preload)}`];
  return new Worker(entry, { ...options, execArgv });
}
