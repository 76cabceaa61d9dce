import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread whose entry is a built `.js` file, or a `.ts` one where the project runs from its sources.
 * tsx registers itself on the main thread only, so a worker from sources has to do so before it loads its entry.
 */
export function startWorker(entry: URL, options: WorkerOptions): Worker {
  if (!entry.pathname.endsWith('.ts')) return new Worker(entry, options);
  // Not import.meta.resolve, which is missing where tsx loads this file as CommonJS (mocha's --import=tsx): hence the
  // path that require finds, and the ES module beside it.
  const required = createRequire(import.meta.url).resolve('tsx/esm/api');
  const tsx = new URL('index.mjs', pathToFileURL(required));
  const preload = encodeURIComponent(`import { register } from '${tsx}'; register();`);
  return new Worker(entry, { ...options, execArgv: ['--import', `data:text/javascript,${preload}`] });
}
