import type { RawMessage } from '../messages/index.js';
import { MinHeap } from './heap.js';
import { compareStamps } from './stamps.js';
import type { Selection, StorageFile } from './storage.js';

interface Source {
  /** Place among the files: breaks ties. */
  order: number;
  iterator: AsyncGenerator<RawMessage, void, void>;
  message: RawMessage;
}

/**
 * Merges the files of a bag by log time. A file is opened once its first message may be next, so that of a recording
 * in a hundred parts one or two are open at a time.
 */
export async function* mergeFiles(
  files: readonly StorageFile[],
  selection: Selection,
): AsyncGenerator<RawMessage, void, void> {
  const waiting = files
    .flatMap((file, order) => (file.range ? [{ file, order, start: file.range.start }] : []))
    .sort((a, b) => compareStamps(a.start, b.start) || a.order - b.order);
  const open = new MinHeap<Source>(
    (a, b) => compareStamps(a.message.receiveStamp, b.message.receiveStamp) || a.order - b.order,
  );
  let unopened = 0;
  try {
    for (;;) {
      let next = open.peek();
      while (unopened < waiting.length && (!next || waiting[unopened]!.start <= next.message.receiveStamp)) {
        const { file, order } = waiting[unopened++]!;
        const iterator = file.messages(selection);
        const first = await iterator.next();
        if (first.done !== true) open.push({ order, iterator, message: first.value });
        next = open.peek();
      }
      if (!next) return;
      yield next.message;
      const following = await next.iterator.next();
      if (following.done === true) {
        open.pop();
      } else {
        next.message = following.value;
        open.settle();
      }
    }
  } finally {
    for (const { iterator } of open.values()) await iterator.return();
  }
}
