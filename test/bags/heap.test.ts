import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MinHeap } from '../../src/bags/heap.js';

describe('bags: MinHeap', () => {
  it('gives items in the order of a sort', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (numbers) => {
        const heap = new MinHeap<number>((a, b) => a - b);
        for (const number of numbers) heap.push(number);
        const taken = numbers.map(() => heap.pop());
        assert.deepEqual(
          taken,
          [...numbers].sort((a, b) => a - b),
        );
        assert.equal(heap.pop(), undefined);
      }),
    );
  });

  it('merges sorted lists by letting the first settle', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 1 })), (lists) => {
        const heap = new MinHeap<{ list: number[]; at: number }>((a, b) => a.list[a.at]! - b.list[b.at]!);
        for (const list of lists) heap.push({ list: list.sort((a, b) => a - b), at: 0 });
        const merged: number[] = [];
        for (let next = heap.peek(); next; next = heap.peek()) {
          merged.push(next.list[next.at++]!);
          if (next.at === next.list.length) heap.pop();
          else heap.settle();
        }
        assert.deepEqual(
          merged,
          lists.flat().sort((a, b) => a - b),
        );
      }),
    );
  });
});
