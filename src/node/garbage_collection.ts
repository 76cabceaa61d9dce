import { setFlagsFromString } from 'node:v8';

/** 20 MB are in use: the limit is at 100 MB, well above what V8 puts up with in messages (64 MB) by itself. */
const GROWTH_PERCENT = 400;

/**
 * Makes full garbage collections of this process rare. V8 allows the heap to grow to some multiple of what is in use,
 * and counts buffers outside of it as well. The node has a small heap and large messages, so that two pictures of 6 MB
 * would start a collection: a dozen a second under a camera of 30 Hz, a fifth of the main thread's time, in pieces of up
 * to ten milliseconds. Messages that live shortly go with the quick collections of young objects.
 */
export function collectGarbageRarely(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
