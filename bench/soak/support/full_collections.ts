import type { Program } from '../../../test/ros/support/index.js';

/** A full collection of a thread of another process, and what was in use afterwards. */
export interface FullCollection {
  thread: string;
  mb: number;
}

/** Those so far of a program that was started with `--trace-gc`. */
export function fullCollections({ lines }: Program): FullCollection[] {
  return lines.flatMap((line) => {
    const [, thread, mb] = /^\[\d+:(\w+)\].*Mark-Compact.* -> ([\d.]+) \(/.exec(line) ?? [];
    return thread === undefined ? [] : [{ thread, mb: Number(mb) }];
  });
}

/** Reads what the main thread had in use after the last full collection since the last call, where there was one. */
export function mainThreadReader(program: Program): () => { heapMb?: number } {
  let seen = 0;
  return () => {
    const all = fullCollections(program);
    const own = all.slice(seen).findLast(({ thread }) => thread === all[0]?.thread);
    seen = all.length;
    return own === undefined ? {} : { heapMb: own.mb };
  };
}
