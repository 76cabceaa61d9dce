import { getPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { giveWay } from '../../../src/threads/give_way.js';

/** Gives way and tells its priority. */
giveWay();
parentPort!.postMessage(getPriority());
