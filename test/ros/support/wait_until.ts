import { setTimeout as sleep } from 'node:timers/promises';

/** Deadlines on a real graph are generous: they end a test that hangs, they measure nothing. */
export interface WaitOptions {
  /** After how long the wait fails. */
  deadlineMs?: number;
  /** Between two looks at the condition. */
  everyMs?: number;
}

/**
 * Looks at `condition` until it gives something but undefined and false.
 * @param what - what is waited for, for the error
 * @throws Error once the deadline is over
 */
export async function waitUntil<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  { deadlineMs = 60_000, everyMs = 20 }: WaitOptions = {},
): Promise<T> {
  const started = performance.now();
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - started > deadlineMs) {
      throw new Error(`Expected ${what} within ${deadlineMs / 1000} s but it did not happen`);
    }
    await sleep(everyMs);
  }
}
