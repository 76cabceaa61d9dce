import type { Stamp } from '../messages/index.js';

/** A stretch of time, both ends included. */
export interface StampRange {
  start: Stamp;
  end: Stamp;
}

/** Order of two stamps, for sorting. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The shortest stretch that holds all of `ranges`; undefined for none. */
export function spanOf(ranges: Iterable<StampRange>): StampRange | undefined {
  let span: StampRange | undefined;
  for (const { start, end } of ranges) {
    span ??= { start, end };
    if (compareStamps(start, span.start) < 0) span.start = start;
    if (compareStamps(end, span.end) > 0) span.end = end;
  }
  return span;
}
