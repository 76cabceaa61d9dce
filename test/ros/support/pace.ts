import { availableParallelism, loadavg } from 'node:os';

/** No slower than this: a test has to end. */
const SLOWEST = 0.2;

/**
 * How fast simulated time may run here: in real time on a machine with nothing else to do, slower on a busy one. All the
 * deadlines of the node are in simulated time, so that what is measured does not depend on it.
 */
export function affordablePace(): number {
  const [lastMinute = 0] = loadavg();
  const share = availableParallelism() / Math.max(1, lastMinute + 1);
  return Math.min(1, Math.max(SLOWEST, share));
}
