import { env, InferenceSession } from 'onnxruntime-node';
import { findMissing } from './gpu/provider_libraries.js';
import type { ModelFiles, ModelSessions, Provider, SessionOptions } from './providers.js';

// A provider that can't be loaded is reported with a reason; ONNX Runtime would also paint it on stderr, in red.
env.logLevel = 'fatal';

/**
 * Threads sleep instead of spinning while they wait for each other: on two cores that other processes use as well,
 * spinning cost 259 instead of 121 ms of processor time a set.
 */
function commonOptions({ threads }: SessionOptions): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4, // errors come as exceptions; their copies on stderr help nobody
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

async function createSessions(files: ModelFiles, options: InferenceSession.SessionOptions): Promise<ModelSessions> {
  const encoder = await InferenceSession.create(files.encoder, options);
  try {
    return { encoder, head: await InferenceSession.create(files.head, options) };
  } catch (error) {
    await encoder.release();
    throw error;
  }
}

/**
 * One by one: 103 against 119 ms of processor time for four images in the reference model's graphs on one thread, 121
 * against 138 on two, and 39 when only the camera's image is new.
 */
export const cpu: Provider = {
  name: 'cpu',
  encodeMode: 'one-by-one',
  afterError: 'go-on',
  createSessions: (files, options) => createSessions(files, { ...commonOptions(options), executionProviders: ['cpu'] }),
};

/**
 * The device is all that the binding hands to CUDA: half precision has to be in the graph. What CUDA has no kernel for
 * runs on the CPU.
 */
export const cuda: Provider = {
  name: 'cuda',
  encodeMode: 'batched',
  afterError: 'end-worker',
  async createSessions(files, options) {
    const missing = findMissing('cuda');
    if (missing !== undefined) throw new Error(missing);
    return createSessions(files, {
      ...commonOptions(options),
      executionProviders: [{ name: 'cuda', deviceId: options.deviceId }, 'cpu'],
    });
  },
};

/** The rungs, fastest first. */
export const providerLadder: readonly Provider[] = [cuda, cpu];
