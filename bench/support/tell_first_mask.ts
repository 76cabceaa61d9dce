/**
 * Loaded before a program (`--import`): writes {@link FIRST_MASK} to its standard error once its model has answered for the first
 * time. Node.js says of every worker thread that is started; what the one of the model answers is read beside the program.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { isMainThread, type Worker } from 'node:worker_threads';
import type { WorkerReply } from '../../src/model/protocol.js';
import { FIRST_MASK } from './first_mask.js';

const STANDARD_ERROR = 2;
let state: 'awaited' | 'told' = 'awaited';

function listen({ worker }: { worker: Worker }): void {
  worker.on('message', ({ kind }: WorkerReply) => {
    if (kind !== 'result' || state === 'told') return;
    state = 'told';
    writeSync(STANDARD_ERROR, `${FIRST_MASK}\n`);
  });
}

if (isMainThread) subscribe('worker_threads', (message) => listen(message as { worker: Worker }));
