import type { Provider, ProviderRequest } from './providers.js';

/** What became of one rung. */
export interface ProviderAttempt {
  provider: string;
  /** `refused`: it runs but gives wrong labels. `failed`: it could not be started. */
  outcome: 'chosen' | 'refused' | 'failed';
  /** Why it was not chosen, or for the chosen one how well it agrees with the golden labels. */
  reason: string;
  ms: number;
}

export type LadderOutcome<T> =
  | { kind: 'chosen'; provider: Provider; result: T; attempts: ProviderAttempt[] }
  | { kind: 'none'; attempts: ProviderAttempt[] };

/** A rung that works and lies; any other exception means a rung that does not work. */
export class ProviderRefusedError extends Error {
  override name = 'ProviderRefusedError';
}

/** Rungs to try, in order. */
export function selectRungs(ladder: readonly Provider[], request: ProviderRequest): readonly Provider[] {
  return request === 'auto' ? ladder : ladder.filter(({ name }) => name === request);
}

/**
 * Tries one rung after the other and stays on the first that holds.
 * @param tryRung - starts the provider and tests it; throws {@link ProviderRefusedError} where its answers are wrong
 * @param nowMs - a monotonic clock
 */
export async function climbLadder<T>(
  rungs: readonly Provider[],
  tryRung: (provider: Provider) => Promise<{ result: T; reason: string }>,
  nowMs: () => number,
): Promise<LadderOutcome<T>> {
  const attempts: ProviderAttempt[] = [];
  for (const provider of rungs) {
    const start = nowMs();
    const note = (outcome: ProviderAttempt['outcome'], reason: string) =>
      attempts.push({ provider: provider.name, outcome, reason, ms: nowMs() - start });
    try {
      const { result, reason } = await tryRung(provider);
      note('chosen', reason);
      return { kind: 'chosen', provider, result, attempts };
    } catch (error) {
      const outcome = error instanceof ProviderRefusedError ? 'refused' : 'failed';
      note(outcome, error instanceof Error ? error.message : String(error));
    }
  }
  return { kind: 'none', attempts };
}
