import type { MessagePort } from 'node:worker_threads';
import { giveWay } from '../threads/give_way.js';
import { createRunner } from './create_runner.js';
import { countDifferingLabels, MAX_DIFFERING_SHARE } from './label_agreement.js';
import { type AttemptNotes, climbLadder, ProviderRefusedError, selectRungs } from './ladder.js';

import type { RunRequest, StartStep, WorkerReply, WorkerRequest, WorkerSetup } from './protocol.js';
import type { ExecutionChoice, ModelSession, ModelSessions, Provider } from './providers.js';

/**
 * The worker's main: climbs the provider ladder, then answers requests one at a time until told to close.
 * @param ladder - providers to choose from; tests pass ones that fail
 */
export async function serveModel(port: MessagePort, setup: WorkerSetup, ladder: readonly Provider[]): Promise<void> {
  const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const { provider: requested, fallback, givenUp } = setup;
  const outcome = await climbLadder(
    selectRungs(ladder, requested, fallback, givenUp),
    (provider, notes) => startProvider(provider, setup, notes, (step) => reply({ kind: 'step', step })),
    () => performance.now(),
    ({ name }, below, attempts) =>
      reply({
        kind: 'trying',
        provider: name,
        below: below.map((rung) => rung.name),
        attempts: [...givenUp, ...attempts],
      }),
  );
  const attempts = [...givenUp, ...outcome.attempts];
  if (outcome.kind === 'none') {
    reply({ kind: 'no-provider', attempts });
    port.close();
    return;
  }

  const { provider, result } = outcome;
  const { runner, graphs, precision } = result;
  const answer = async (request: WorkerRequest) => {
    if (request.kind === 'close') {
      await runner.release();
      port.close();
      return;
    }
    try {
      if (request.kind === 'encode') {
        if (runner.encode === undefined) throw new Error('This model keeps no features: it encodes whole sets only');
        const encoded = await runner.encode(request);
        return reply(encoded, [encoded.images]);
      }
      const answered = await runner.run(request);
      const { images, labels, confidence } = answered;
      reply(answered, [images, labels.buffer, ...(confidence ? [confidence.buffer] : [])]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const worker = provider.afterError === 'go-on' ? 'goes-on' : 'ends';
      reply({ kind: 'run-failed', reason, images: request.images, worker }, [request.images]);
      // Sessions of a lost device are not released: that would wait for it, or throw once more.
      if (worker === 'ends') port.close();
    }
  };
  // A run gives way to messages between its sessions: without the chain, `close` would release them under it.
  let last = Promise.resolve();
  port.on('message', (request: WorkerRequest) => {
    last = last.then(() => answer(request));
  });
  const { encodeMode, featureCopies } = runner;
  reply({
    kind: 'ready',
    selection: { provider: provider.name, requested, encodeMode, graphs, precision, attempts },
    featureCopies,
  });
}

/** Creates the sessions of one provider and lets it answer the golden sample. */
async function startProvider(
  provider: Provider,
  setup: WorkerSetup,
  notes: AttemptNotes,
  onStep: (step: StartStep) => void,
) {
  const choice = choiceFor(provider.name, setup);
  const encodeMode = choice.encodeMode ?? provider.encodeMode;
  const { files, threads, deviceId, engineCache, graphs, golden } = setup;
  const timed = async <T>(step: StartStep, name: keyof AttemptNotes['timings'], work: () => Promise<T>): Promise<T> => {
    onStep(step);
    const start = performance.now();
    const result = await work();
    notes.timings[name] = performance.now() - start;
    return result;
  };
  // Its kernels occupy every core for most of the time, and nothing is lost if a message comes in between.
  if (provider.name === 'cpu') giveWay();
  const sessions = await timed('create', 'createMs', () =>
    provider.createSessions(files, { threads, deviceId, engineCache, graphs, preferredGraphs: choice.graphs }),
  );
  try {
    const runner = await timed('warm-up', 'warmUpMs', () => createRunner(sessions, setup, encodeMode));
    const { labels } = await timed('golden', 'goldenMs', () => runner.run(goldenRequest(setup)));
    const differing = countDifferingLabels(labels, golden.labels);
    notes.golden = { differing, pixels: golden.labels.length };
    const reason = `labels differ from the golden ones on ${differing} of ${golden.labels.length} pixels`;
    if (differing > MAX_DIFFERING_SHARE * golden.labels.length) throw new ProviderRefusedError(reason);
    return { result: { runner, graphs: sessions.kind, precision: sessions.precision }, reason };
  } catch (error) {
    for (const session of openSessions(sessions)) await session.release();
    throw error;
  }
}

function openSessions(sessions: ModelSessions): ModelSession[] {
  switch (sessions.kind) {
    case 'split':
      return [sessions.encoder, sessions.head];
    case 'fused':
      return [sessions.fused];
    case 'whole':
      return [sessions.network];
  }
}

/** What was asked for, else what the bundle says is fastest on this provider. */
function choiceFor(provider: string, { files, encodeMode }: WorkerSetup): ExecutionChoice {
  return { ...files.execution[provider], ...(encodeMode !== 'auto' && { encodeMode }) };
}

function goldenRequest({ golden, modalityCount }: WorkerSetup): RunRequest {
  const modalities = Array.from({ length: modalityCount }, (_, index) => index);
  return { kind: 'run', modalities, slots: modalities, encode: modalities, images: golden.images.slice().buffer };
}
