import { availableParallelism, loadavg } from 'node:os';

/** No slower than this: a test has to end. */
const SLOWEST = 0.2;
/** No faster: a machine that stands still for 300 ms, as virtual ones do now and then, then takes a frame and no more. */
const FASTEST = 0.5;

/** Jobs that `npm test` runs beside this one with the least priority: they wait wherever this one does not. */
const beside = Number(process.env.MLE_SAM_TEST_BESIDE ?? 0);

/** How much of what it needs one more program gets on this machine: 1 on an idle one. */
export function machineShare(): number {
  const [lastMinute = 0] = loadavg();
  const others = Math.max(0, lastMinute - beside);
  return Math.min(1, Math.max(SLOWEST, availableParallelism() / (others + 1)));
}

/**
 * How fast simulated time may run here: slower on a busy machine. All the deadlines of the node are in simulated time,
 * so that what is measured does not depend on it.
 */
export function affordablePace(): number {
  return Math.min(FASTEST, machineShare());
}

/** A process that only waits looks at the time this often. */
const LOOK_MS = 10;
/** It is given the processor within this time, where the machine goes on at all. */
const STILL_MS = 50;

/**
 * How long something takes that this process waits for, in milliseconds, without the time in which the machine stood still:
 * virtual ones do now and then, for a second and more.
 */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  let [looked, stillMs] = [began, 0];
  const look = () => {
    const now = performance.now();
    const gapMs = now - looked;
    if (gapMs > STILL_MS) stillMs += gapMs - LOOK_MS;
    looked = now;
  };
  const looking = setInterval(look, LOOK_MS);
  try {
    await work();
  } finally {
    clearInterval(looking);
  }
  look();
  return looked - began - stillMs;
}
