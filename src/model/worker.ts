import { parentPort, workerData } from 'node:worker_threads';
import { nativeCall } from '../threads/native_call.js';
import type { WorkerSetup } from './protocol.js';

if (!parentPort) throw new Error('This module is the entry of a worker thread; import segmenter.js instead');
// Both load the addon.
const [{ providerLadder }, { serveModel }] = await nativeCall(() =>
  Promise.all([import('./provider_ladder.js'), import('./serve_model.js')]),
);
await serveModel(parentPort, workerData as WorkerSetup, providerLadder);
