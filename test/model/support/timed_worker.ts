import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerReply, WorkerRequest, WorkerSetup } from '../../../src/model/protocol.js';

/** A worker that runs no model and says of each request how long it took, always the same. */
export const TIMES = { encodeAheadMs: 8, encodeMs: 1, headMs: 2 } as const;

if (parentPort !== null) {
  const port = parentPort;
  const { width, height } = workerData as WorkerSetup;
  const reply = (message: WorkerReply) => port.postMessage(message);
  port.on('message', (request: WorkerRequest) => {
    if (request.kind === 'close') return port.close();
    const { images } = request;
    if (request.kind === 'encode') return reply({ kind: 'encoded', images, encodeMs: TIMES.encodeAheadMs });
    const { encodeMs, headMs } = TIMES;
    reply({ kind: 'result', images, labels: new Uint8Array(width * height), encodeMs, headMs });
  });
  const choice = { encodeMode: 'one-by-one', graphs: 'split', precision: 'float32' } as const;
  reply({ kind: 'ready', selection: { provider: 'cpu', requested: 'cpu', ...choice, attempts: [] }, featureCopies: 1 });
}
