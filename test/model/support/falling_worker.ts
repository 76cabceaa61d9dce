import { openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from '../../../src/model/protocol.js';
import { cpu } from '../../../src/model/provider_ladder.js';
import type { ModelSession, Provider, RunOutputs } from '../../../src/model/providers.js';
import { serveModel } from '../../../src/model/serve_model.js';
import { Command } from './commands.js';
import { leaveMark, waitAtMark } from './marks.js';
import { intercept, splitSessions } from './split_sessions.js';

/** 0.5 % of the tiny bundle's 2048 golden labels are 10.24: this many may differ, and no more. */
const TOLERATED = 10;

/** Golden run and warm-up among them. */
const FADING_RUNS = 20;

/**
 * A worker with the ladder's real rungs in name, each of which behaves as the environment says, e.g.
 * `MLE_SAM_TEST_RUNGS=tensorrt=exits&cuda=fragile`; the CPU below them is the real one.
 */
const BEHAVIOURS: Record<string, (name: string) => Provider> = {
  unavailable: (name) => ({
    ...gpu(name),
    createSessions: () => Promise.reject(new Error('libcublas.so.13: cannot open shared object file')),
  }),
  /** As a driver would that crashes while it compiles kernels. */
  exits: (name) => ({ ...gpu(name), createSessions: () => process.exit(4) }),
  /** As a driver would that waits for a device, or for ever for itself. */
  hangsCreating: (name) => ({ ...gpu(name), createSessions: hang }),
  spinsCreating: (name) => ({ ...gpu(name), createSessions: spin }),
  /** The event loop turns, and nothing comes of it. */
  idlesCreating: (name) => ({
    ...gpu(name),
    createSessions: () =>
      new Promise(() => {
        setInterval(() => undefined, 10);
        leaveMark();
      }),
  }),
  hangsInFirstRun: (name) => ({ ...gpu(name), createSessions: withRunsThat([hang]) }),
  hangsInGoldenRun: (name) => ({ ...gpu(name), createSessions: withRunsThat([() => undefined, hang]) }),
  /** Blocks its thread in each of three steps until the test lets it go on. */
  slow: (name) => ({
    ...gpu(name),
    createSessions: (files, options) => {
      waitAtMark();
      return withRunsThat([waitAtMark, waitAtMark])(files, options);
    },
  }),
  /** In native code that nothing interrupts: opening a pipe to which nothing writes. */
  stuckCreating: (name) => ({
    ...gpu(name),
    createSessions: () => {
      leaveMark();
      return Promise.reject(new Error(`opened ${openSync(process.env.MLE_SAM_TEST_PIPE!, 'r')}`));
    },
  }),
  throwing: (name) => ({
    ...gpu(name),
    createSessions: withHead(() => Promise.reject(new Error('CUDA failure 2: out of memory'))),
  }),
  /** As an overflow in half precision would. */
  wrong: (name) => ({ ...gpu(name), createSessions: withWrongLabels(14) }),
  barelyWrong: (name) => ({ ...gpu(name), createSessions: withWrongLabels(TOLERATED + 1) }),
  barelyRight: (name) => ({ ...gpu(name), createSessions: withWrongLabels(TOLERATED) }),
  /** Right for a while, then out of memory for good. */
  fading: (name) => ({
    ...gpu(name),
    async createSessions(files, options) {
      const sessions = await splitSessions(files, options);
      let runs = 0;
      const encoder = intercept(sessions.encoder, (run) => {
        runs++;
        return runs > FADING_RUNS ? Promise.reject(new Error(`${name}: out of memory`)) : run();
      });
      return { ...sessions, encoder };
    },
  }),
  /** Right at first, then does what an image tells it to. */
  fragile: (name) => ({
    ...gpu(name),
    async createSessions(files, options) {
      const sessions = await splitSessions(files, options);
      return { ...sessions, encoder: obeying(sessions.encoder) };
    },
  }),
};

if (!parentPort) throw new Error('This module is the entry of a worker thread');
const behaviours = new URLSearchParams(process.env.MLE_SAM_TEST_RUNGS);
const standIns = [...behaviours].map(([name, behaviour]) => BEHAVIOURS[behaviour]!(name));
await serveModel(parentPort, workerData as WorkerSetup, [...standIns, cpu]);

function gpu(name: string): Provider {
  return { ...cpu, name, encodeMode: 'batched', afterError: 'end-worker' };
}

function withHead(change: (outputs: RunOutputs) => Promise<RunOutputs>): Provider['createSessions'] {
  return async (files, options) => {
    const sessions = await splitSessions(files, options);
    return { ...sessions, head: intercept(sessions.head, async (run) => change(await run())) };
  };
}

function withWrongLabels(count: number): Provider['createSessions'] {
  return withHead((outputs) => {
    const labels = outputs.labels!.data as Uint8Array;
    for (let i = 0; i < count; i++) labels[100 * i + 50]! ^= 1;
    return Promise.resolve(outputs);
  });
}

function obeying(encoder: ModelSession): ModelSession {
  return intercept(encoder, async (run, feeds) => {
    const command = (feeds.images!.data as Uint8Array)[0];
    if (command === Command.throw) throw new Error('CUDA error 719: unspecified launch failure');
    if (command === Command.exit) process.exit(3);
    if (command === Command.throwAndHang) {
      setImmediate(hang);
      throw new Error('CUDA error 46: device unavailable');
    }
    // As in a driver that waits for a lost device: no message is heard any more.
    if (command === Command.hang) hang();
    return run();
  });
}

/** Sessions whose encoder does one thing after the other before its first runs. */
function withRunsThat(actions: (() => void)[]): Provider['createSessions'] {
  return async (files, options) => {
    const sessions = await splitSessions(files, options);
    const encoder = intercept(sessions.encoder, (run) => {
      actions.shift()?.();
      return run();
    });
    return { ...sessions, encoder };
  };
}

function hang(): never {
  leaveMark();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new Error('Expected to wait for ever');
}

function spin(): never {
  leaveMark();
  for (;;);
}
