import type { Provider, ProviderFallback, ProviderRequest } from './providers.js';

/** What became of one rung. */
export interface ProviderAttempt {
  provider: string;
  /**
   * `refused`: it runs but gives wrong labels. `failed`: it could not be started. `left`: it was in use, failed, and was
   * given up for the next one.
   */
  outcome: 'chosen' | 'refused' | 'failed' | 'left';
  /** Why it is not in use, or for the chosen one how well it agrees with the golden labels. */
  reason: string;
  /** Wall time of all steps of the start together. */
  ms: number;
  /** Wall time of each step of the start it came to. */
  timings: ProviderTimings;
  /** Golden labels it got wrong, of how many; absent where it did not get so far. */
  golden?: { differing: number; pixels: number };
}

export interface ProviderTimings {
  /** Reading the graphs, compiling or loading what the provider makes of them. */
  createMs?: number;
  /** The first run, which often allocates and tunes. */
  warmUpMs?: number;
  /** The run on the golden sample, with all modalities. */
  goldenMs?: number;
}

export type LadderOutcome<T> =
  | { kind: 'chosen'; provider: Provider; result: T; attempts: ProviderAttempt[] }
  | { kind: 'none'; attempts: ProviderAttempt[] };

/** A rung that works and lies; any other exception means a rung that does not work. */
export class ProviderRefusedError extends Error {
  override name = 'ProviderRefusedError';
}

/** What a rung tells about itself while it is tried; kept when it fails. */
export type AttemptNotes = Pick<ProviderAttempt, 'timings' | 'golden'>;

/**
 * Rungs to try, in order: the one asked for and those below it, or that one alone.
 * @param given - attempts made before: their rungs were given up and are not tried again
 */
export function selectRungs(
  ladder: readonly Provider[],
  request: ProviderRequest,
  fallback: ProviderFallback,
  given: readonly ProviderAttempt[] = [],
): readonly Provider[] {
  const first = request === 'auto' ? 0 : ladder.findIndex(({ name }) => name === request);
  if (first < 0) return [];
  const rungs = fallback === 'none' ? ladder.slice(first, first + 1) : ladder.slice(first);
  return rungs.filter(({ name }) => !given.some(({ provider }) => provider === name));
}

/**
 * Tries one rung after the other and stays on the first that holds.
 * @param tryRung - starts the provider and tests it; throws {@link ProviderRefusedError} where its answers are wrong
 * @param nowMs - a monotonic clock
 * @param onTry - told before a rung is tried, with the rungs below it and what became of those above
 */
export async function climbLadder<T>(
  rungs: readonly Provider[],
  tryRung: (provider: Provider, notes: AttemptNotes) => Promise<{ result: T; reason: string }>,
  nowMs: () => number,
  onTry: (provider: Provider, below: readonly Provider[], attempts: readonly ProviderAttempt[]) => void = () => {},
): Promise<LadderOutcome<T>> {
  const attempts: ProviderAttempt[] = [];
  for (const [position, provider] of rungs.entries()) {
    onTry(provider, rungs.slice(position + 1), attempts);
    const start = nowMs();
    const notes: AttemptNotes = { timings: {} };
    const note = (outcome: ProviderAttempt['outcome'], reason: string) =>
      attempts.push({ provider: provider.name, outcome, reason, ms: nowMs() - start, ...notes });
    try {
      const { result, reason } = await tryRung(provider, notes);
      note('chosen', reason);
      return { kind: 'chosen', provider, result, attempts };
    } catch (error) {
      const outcome = error instanceof ProviderRefusedError ? 'refused' : 'failed';
      note(outcome, error instanceof Error ? error.message : String(error));
    }
  }
  return { kind: 'none', attempts };
}

/** An attempt in one line, for logs and diagnostics. */
export function describeAttempt({ provider, outcome, reason, timings }: ProviderAttempt): string {
  const steps = [
    ['created', timings.createMs],
    ['warm-up', timings.warmUpMs],
    ['golden run', timings.goldenMs],
  ] as const;
  const times = steps.flatMap(([step, ms]) => (ms === undefined ? [] : [`${step} ${ms.toFixed(0)} ms`]));
  return `${provider} ${outcome}: ${reason}${times.length > 0 ? ` (${times.join(', ')})` : ''}`;
}
