import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from './protocol.js';
import { providerLadder } from './provider_ladder.js';
import { serveModel } from './serve_model.js';

if (!parentPort) throw new Error('This module is the entry of a worker thread; import segmenter.js instead');
await serveModel(parentPort, workerData as WorkerSetup, providerLadder);
