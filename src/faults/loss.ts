import type { FaultParts, StreamFault } from './fault.js';

/** Nothing arrives: a pulled cable, a dead driver. */
export function createDrop(): StreamFault {
  return { apply: () => undefined };
}

/** Every n-th message arrives: a driver that fell back to a lower rate. */
export function createDecimate({ keepEvery }: { keepEvery: number }): StreamFault {
  let count = 0;
  return { apply: (message) => (count++ % keepEvery === 0 ? message : undefined) };
}

/**
 * Losses in bursts, as on a bad radio link: Gilbert's two-state chain (Gilbert, "Capacity of a burst-noise channel",
 * 1960) with nothing lost in the good state and everything in the bad one.
 */
export function createBurstLoss(
  { lossShare, burstLength }: { lossShare: number; burstLength: number },
  { random }: FaultParts,
): StreamFault {
  const leaveBad = 1 / burstLength;
  // The share of time in the bad state is enter / (enter + leave).
  const enterBad = Math.min(1, (leaveBad * lossShare) / (1 - lossShare));
  let isBad = false;
  return {
    apply(message) {
      isBad = random.chance(isBad ? 1 - leaveBad : enterBad);
      return isBad ? undefined : message;
    },
  };
}
