import { cpu } from '../../../src/model/provider_ladder.js';
import type { ModelFiles, ModelSession, SessionOptions } from '../../../src/model/providers.js';

/** The real sessions of both graphs on the CPU, for stand-ins to wrap. */
export async function splitSessions(files: ModelFiles, options: SessionOptions) {
  const sessions = await cpu.createSessions(files, { ...options, graphs: 'split' });
  if (sessions.kind !== 'split') throw new Error('Expected two graphs');
  return sessions;
}

type Run = ModelSession['run'];

/** A session whose runs go through `change`. */
export function intercept(
  session: ModelSession,
  change: (run: () => ReturnType<Run>, feeds: Parameters<Run>[0]) => ReturnType<Run>,
): ModelSession {
  return {
    inputMetadata: session.inputMetadata,
    outputMetadata: session.outputMetadata,
    run: (feeds, fetches) => change(() => session.run(feeds, fetches), feeds),
    release: () => session.release(),
  };
}
