/** When a worker that ended is started again, and how often. */
export interface RestartPolicy {
  /** Pause before the first restart; doubled with every further one. */
  initialDelayMs: number;
  maxDelayMs: number;
  /**
   * Restarts without a successful run in between, after which the host gives up. A first start is never repeated on
   * the same provider.
   */
  maxAttempts: number;
}

export const DEFAULT_RESTART: RestartPolicy = { initialDelayMs: 100, maxDelayMs: 5000, maxAttempts: 8 };

/** Milliseconds something may take before its worker counts as hanging. */
export type TimeLimit = number | 'none';

/**
 * How long a worker may be silent. Native code blocks its thread, so that no sign of life can come from there: a driver
 * that compiles for a minute looks like one that waits for ever. What can be seen is the end of each step, hence one
 * limit for a step of the start and another for a run.
 */
export interface WorkerLimits {
  /** One set. */
  runMs: TimeLimit;
  /** Each step of a start: loading code, creating sessions, first run, golden run. */
  startMs: TimeLimit;
  /** From the call of `close` to the end by force. */
  closeMs: number;
}

/** Enough for a GPU that compiles its kernels at the first start, or a large model on a slow disk. */
export const DEFAULT_START_MS = 120_000;

/** A step of a start does more than a run: it reads the graphs, allocates and tunes. */
const RUNS_PER_STEP = 10;
/** Where runs are given little time, as in tests: the worker's code alone takes a second to load on a busy machine. */
const LEAST_START_MS = 4000;
const MAX_CLOSE_MS = 5000;

/** Fills in what is not given, from what is. */
export function resolveLimits({ runMs = 'none', startMs, closeMs }: Partial<WorkerLimits>): WorkerLimits {
  const fromRun = runMs === 'none' ? DEFAULT_START_MS : Math.max(LEAST_START_MS, RUNS_PER_STEP * runMs);
  return {
    runMs,
    startMs: startMs ?? Math.min(DEFAULT_START_MS, fromRun),
    closeMs: closeMs ?? (runMs === 'none' ? MAX_CLOSE_MS : Math.min(MAX_CLOSE_MS, runMs)),
  };
}
