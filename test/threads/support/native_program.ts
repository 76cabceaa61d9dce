import '../../../src/model/telemetry.js';

import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endThread } from '../../../src/threads/end_thread.js';
import { startWorker } from '../../../src/threads/start_worker.js';

/**
 * Ends threads at moments spread over what they do, then itself, with status 7, while one more is at work:
 * `native_program THREADS STEP_MS`.
 */
const [threads, stepMs] = process.argv.slice(2).map(Number) as [number, number];
const entry = new URL(`./native_worker${extname(import.meta.url)}`, import.meta.url);

async function begin() {
  const worker = startWorker(entry, {});
  await once(worker, 'message');
  return worker;
}

for (let i = 0; i < threads; i++) {
  const worker = await begin();
  await sleep(i * stepMs);
  await Promise.all([once(worker, 'exit'), endThread(worker)]);
  process.stdout.write('ended\n');
}
await begin();
await sleep(threads * stepMs);
process.exit(7);
