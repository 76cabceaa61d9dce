import type { MessagePort } from 'node:worker_threads';
import { countDifferingLabels, MAX_DIFFERING_SHARE } from './label_agreement.js';
import { climbLadder, ProviderRefusedError, selectRungs } from './ladder.js';
import { ModelRunner } from './model_runner.js';
import type { RunRequest, WorkerReply, WorkerRequest, WorkerSetup } from './protocol.js';
import type { EncodeMode, Provider } from './providers.js';

/**
 * The worker's main: climbs the provider ladder, then answers requests one at a time until told to close.
 * @param ladder - providers to choose from; tests pass ones that fail
 */
export async function serveModel(port: MessagePort, setup: WorkerSetup, ladder: readonly Provider[]): Promise<void> {
  const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const modeOf = (provider: Provider) => (setup.encodeMode === 'auto' ? provider.encodeMode : setup.encodeMode);

  const outcome = await climbLadder(
    selectRungs(ladder, setup.provider),
    (provider) => startProvider(provider, modeOf(provider), setup),
    () => performance.now(),
  );
  if (outcome.kind === 'none') {
    reply({ kind: 'no-provider', attempts: outcome.attempts });
    port.close();
    return;
  }

  const { provider, result: runner, attempts } = outcome;
  const answer = async (request: WorkerRequest) => {
    if (request.kind === 'close') {
      await runner.release();
      port.close();
      return;
    }
    try {
      const result = await runner.run(request);
      reply(result, [result.images, result.labels.buffer, result.confidence.buffer]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reply({ kind: 'run-failed', reason, images: request.images }, [request.images]);
    }
  };
  // A run gives way to messages between its sessions: without the chain, `close` would release them under it.
  let last = Promise.resolve();
  port.on('message', (request: WorkerRequest) => {
    last = last.then(() => answer(request));
  });
  reply({ kind: 'ready', selection: { provider: provider.name, encodeMode: modeOf(provider), attempts } });
}

/** Creates the sessions of one provider and lets it answer the golden sample. */
async function startProvider(provider: Provider, encodeMode: EncodeMode, setup: WorkerSetup) {
  const { files, threads, golden } = setup;
  const sessions = await provider.createSessions(files, { threads });
  try {
    const runner = await ModelRunner.create(sessions, setup, encodeMode);
    const { labels } = await runner.run(goldenRequest(setup));
    const differing = countDifferingLabels(labels, golden.labels);
    const reason = `labels differ from the golden ones on ${differing} of ${golden.labels.length} pixels`;
    if (differing > MAX_DIFFERING_SHARE * golden.labels.length) throw new ProviderRefusedError(reason);
    return { result: runner, reason };
  } catch (error) {
    await sessions.encoder.release();
    await sessions.head.release();
    throw error;
  }
}

function goldenRequest({ golden, modalityCount }: WorkerSetup): RunRequest {
  const modalities = Array.from({ length: modalityCount }, (_, index) => index);
  return { kind: 'run', modalities, encode: modalities, images: golden.images.slice().buffer };
}
