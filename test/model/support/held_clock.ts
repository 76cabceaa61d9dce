import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import type { Segmenter } from '../../../src/model/index.js';
import { countMarks, wayOn } from './marks.js';

/** The clock of this machine, whatever is held. */
const later = setTimeout;

/** After which every worker is ended by force. */
const LONGEST_CLOSE_MS = 5000;

/** The clock that time limits run on, moved by the test alone. */
export interface HeldClock {
  tick(ms: number): void;
  /** Resolves once workers have come so many times to where they hang, and what they sent before has been heard. */
  hangs(count: number): Promise<void>;
  /** Lets the worker go on that waits at its so-many-th mark. */
  goOn(count: number): void;
}

/**
 * Holds the timers of this thread while `use` runs: how long a worker takes on a busy machine decides nothing, and a
 * limit is over to the millisecond. Worker threads keep their own clocks.
 */
export async function onHeldClock<Result>(use: (clock: HeldClock) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-marks-'));
  const marks = join(folder, 'marks');
  process.env.MLE_SAM_TEST_MARKS = marks; // workers start with a copy of it
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    return await use({
      // By one millisecond: a timer that another one sets is due at its own time.
      tick: (ms) => {
        for (let passed = 0; passed < ms; passed++) mock.timers.tick(1);
      },
      hangs: async (count) => {
        await until(() => countMarks(marks) >= count);
        await nextTurns(2);
      },
      goOn: (count) => writeFileSync(wayOn(marks, count), ''),
    });
  } finally {
    mock.timers.reset();
    delete process.env.MLE_SAM_TEST_MARKS;
    rmSync(folder, { recursive: true });
  }
}

/** Runs `use` and closes the segmenter, also where it fails and its worker hangs. */
export async function usedAndClosed(segmenter: Segmenter, clock: HeldClock, use: () => Promise<void>): Promise<void> {
  let isWell = false;
  try {
    await use();
    isWell = true;
  } finally {
    const closing = segmenter.close();
    if (!isWell) clock.tick(LONGEST_CLOSE_MS);
    await closing;
  }
}

/** Waits for a state, for as long as the test is given. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => later(resolve, 5));
}

async function nextTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
