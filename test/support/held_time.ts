import { mock } from 'node:test';

/** The clock of this machine, whatever is held. */
const later = setTimeout;

/** Time of this thread that only the test moves. */
export interface HeldTime {
  tick(ms: number): void;
}

/**
 * Holds `setTimeout` and `performance.now` of this thread while `use` runs: how long something takes on a busy machine
 * decides nothing, and what is due is due to the millisecond. Worker threads keep their own clocks.
 */
export async function withHeldTime<Result>(use: (time: HeldTime) => Promise<Result>): Promise<Result> {
  let nowMs = performance.now();
  mock.timers.enable({ apis: ['setTimeout'] });
  const clock = mock.method(performance, 'now', () => nowMs);
  try {
    return await use({
      // By one millisecond: a timer that another one sets is due at its own time.
      tick: (ms) => {
        for (let passed = 0; passed < ms; passed++) {
          nowMs++;
          mock.timers.tick(1);
        }
      },
    });
  } finally {
    clock.mock.restore();
    mock.timers.reset();
  }
}

/** Waits for a state, for as long as the test is given. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => later(resolve, 5));
}
