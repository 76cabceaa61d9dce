import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { beforeTheEnd } from '../process/index.js';
import { GATE_KEY, NativeGate } from './native_gate.js';

/** How long a process that is about to end waits for a native call of one of its threads. */
const NATIVE_CALL_MS = 5000;

const gates = new WeakMap<Worker, NativeGate>();

/**
 * Starts a worker thread whose entry is a built `.js` file, or a `.ts` one where the project runs from its sources.
 * tsx registers itself on the main thread only, so a worker from sources has to do so before it loads its entry.
 *
 * The thread may use `nativeCall`: the process does not end in the middle of one, however it ends, unless one takes more
 * than five seconds.
 */
export function startWorker(entry: URL, options: WorkerOptions & { workerData?: object }): Worker {
  const gate = new NativeGate();
  const workerData = { ...options.workerData, [GATE_KEY]: gate.memory };
  const worker = new Worker(entry, { ...options, workerData, ...(entry.pathname.endsWith('.ts') && throughTsx()) });
  gates.set(worker, gate);
  worker.once(
    'exit',
    beforeTheEnd(() => gate.shutAndWait(NATIVE_CALL_MS)),
  );
  return worker;
}

/** Of a thread that `startWorker` started. */
export function gateOf(worker: Worker): NativeGate | undefined {
  return gates.get(worker);
}

function throughTsx(): Pick<WorkerOptions, 'execArgv'> {
  // Not import.meta.resolve, which is missing where tsx loads this file as CommonJS (mocha's --import=tsx): hence the
  // path that require finds, and the ES module beside it.
  const required = createRequire(import.meta.url).resolve('tsx/esm/api');
  const tsx = new URL('index.mjs', pathToFileURL(required));
  const preload = encodeURIComponent(`import { register } from '${tsx}'; register();`);
  return { execArgv: ['--import', `data:text/javascript,${preload}`] };
}
