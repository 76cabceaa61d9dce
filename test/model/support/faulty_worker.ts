import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from '../../../src/model/protocol.js';
import { cpu as real } from '../../../src/model/provider_ladder.js';
import type { ModelSession, Provider, RunOutputs } from '../../../src/model/providers.js';
import { serveModel } from '../../../src/model/serve_model.js';
import { Command } from './commands.js';
import { leaveMark } from './marks.js';
import { intercept, splitSessions } from './split_sessions.js';

/** A worker whose upper rungs fail in different ways, and whose last one misbehaves when an image tells it to. */
const broken: Provider = {
  ...real,
  name: 'broken',
  createSessions: () => Promise.reject(new Error('libbroken.so.9: cannot open shared object file')),
};

const crashing: Provider = {
  ...real,
  name: 'crashing',
  async createSessions(files, options) {
    const sessions = await splitSessions(files, options);
    return { ...sessions, head: intercept(sessions.head, () => Promise.reject(new Error('out of device memory'))) };
  },
};

/** Changes every 150th label: 14 of 2048, where at most 0.5 %, that is 10, may differ. */
const wrong: Provider = { ...real, name: 'cpu', createSessions: withLabelErrors(150) };

/** Changes every 256th label: 8 of 2048 are within the limit. */
const obedient: Provider = {
  ...real,
  name: 'obedient',
  async createSessions(files, options) {
    const sessions = await withLabelErrors(256)(files, options);
    return { ...sessions, encoder: intercept(sessions.encoder, obey) };
  },
};

if (!parentPort) throw new Error('This module is the entry of a worker thread');
await serveModel(parentPort, workerData as WorkerSetup, [broken, crashing, wrong, obedient]);

function withLabelErrors(step: number): typeof splitSessions {
  return async (files, options) => {
    const sessions = await splitSessions(files, options);
    const spoil = async (run: () => Promise<RunOutputs>) => {
      const outputs = await run();
      const labels = outputs.labels!.data as Uint8Array;
      for (let i = 0; i < labels.length; i += step) labels[i]! ^= 1;
      return outputs;
    };
    return { ...sessions, head: intercept(sessions.head, spoil) };
  };
}

async function obey(run: () => Promise<RunOutputs>, feeds: Parameters<ModelSession['run']>[0]): Promise<RunOutputs> {
  switch ((feeds.images!.data as Uint8Array)[0]) {
    case Command.throw:
      throw new Error('CUDA error 700: illegal memory access');
    case Command.throwOutside:
      setImmediate(() => {
        throw new Error('thrown where nobody catches');
      });
      await pause();
      break;
    case Command.exit:
      process.exit(3);
      break;
    case Command.dawdle:
      await pause();
      break;
    case Command.hang:
      // As in a driver that waits for a device: no message is heard any more.
      leaveMark();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      break;
  }
  return run();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200));
}
