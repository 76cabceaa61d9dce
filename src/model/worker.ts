import { parentPort, workerData } from 'node:worker_threads';
import { nativeCall } from '../threads/native_call.js';
import type { WorkerSetup } from './protocol.js';
import { serveModel } from './serve_model.js';

if (!parentPort) throw new Error('This module is the entry of a worker thread; import segmenter.js instead');
// It loads the addon.
const { providerLadder } = await nativeCall(() => import('./provider_ladder.js'));
await serveModel(parentPort, workerData as WorkerSetup, providerLadder);
