import { getPriority, setPriority } from 'node:os';

/** A third of the weight of the other threads where they compete for a processor. */
const STEPS = 5;
/** The least urgent there is on Linux. */
const LAST = 19;

/**
 * Lets the calling thread, and those it starts from now on, run after the process's other threads where there are not
 * processors enough for all. Linux only: elsewhere a priority belongs to the whole process.
 */
export function giveWay(): void {
  if (process.platform === 'linux') setPriority(0, Math.min(LAST, getPriority(0) + STEPS));
}
