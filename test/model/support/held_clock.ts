import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Segmenter } from '../../../src/model/index.js';
import { type HeldTime, until, withHeldTime } from '../../support/held_time.js';
import { countMarks, wayOn } from './marks.js';

/** After which every worker is ended by force. */
const LONGEST_CLOSE_MS = 5000;

/** The clock that time limits of workers run on, moved by the test alone. */
export interface HeldClock extends HeldTime {
  /** Resolves once workers have come so many times to where they hang, and what they sent before has been heard. */
  hangs(count: number): Promise<void>;
  /** Lets the worker go on that waits at its so-many-th mark. */
  goOn(count: number): void;
}

/** Runs `use` in held time, and with workers that tell where they hang. */
export async function onHeldClock<Result>(use: (clock: HeldClock) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-marks-'));
  const marks = join(folder, 'marks');
  process.env.MLE_SAM_TEST_MARKS = marks; // workers start with a copy of it
  try {
    return await withHeldTime((time) =>
      use({
        tick: time.tick,
        hangs: async (count) => {
          await until(() => countMarks(marks) >= count);
          await nextTurns(2);
        },
        goOn: (count) => writeFileSync(wayOn(marks, count), ''),
      }),
    );
  } finally {
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

async function nextTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
