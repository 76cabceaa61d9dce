import { setImmediate } from 'node:timers/promises';

/** The process has one event loop, so all who give way to it stand in one line. */
let lastInLine: Promise<void> = Promise.resolve();

/**
 * Resolves in a later turn of the event loop, in no turn for two callers: several pictures that are decoded side by side
 * would otherwise each do a slice in every turn, and together hold the loop as many times as long.
 */
export function nextTurn(): Promise<void> {
  lastInLine = lastInLine.then(() => setImmediate());
  return lastInLine;
}

/**
 * Runs a loop over 0..count-1 in slices and lets the event loop turn before each: pixels, points and events are worked
 * off on the main thread, which must never be kept from its other duties (timers, callbacks of the middleware) for
 * more than ten milliseconds. What `work` reads must not change until the promise resolves.
 * @param perSlice - iterations that take some two milliseconds on a desktop processor, four times less than allowed
 * @param work - does the iterations `from` up to, not including, `to`
 */
export async function inSlices(
  count: number,
  perSlice: number,
  work: (from: number, to: number) => void,
): Promise<void> {
  for (let from = 0; from < count; from += perSlice) {
    await nextTurn();
    work(from, Math.min(count, from + perSlice));
  }
}

/**
 * The same for the rows of a picture.
 * @param pixelsPerSlice - as `perSlice` above; a slice has one row at least
 */
export function inRowSlices(
  { width, height }: { width: number; height: number },
  pixelsPerSlice: number,
  work: (fromRow: number, toRow: number) => void,
): Promise<void> {
  return inSlices(height, Math.max(1, Math.floor(pixelsPerSlice / width)), work);
}
