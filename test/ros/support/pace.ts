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
