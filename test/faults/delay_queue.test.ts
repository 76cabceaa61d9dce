import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DelayQueue } from '../../src/faults/delay_queue.js';
import type { RawMessage } from '../../src/messages/index.js';

function message(due: number, order: number): RawMessage {
  return { topic: `/${order}`, type: 't', data: new Uint8Array(), receiveStamp: BigInt(due) };
}

describe('DelayQueue', () => {
  it('gives out what is due in the order of time, and of one time in the order it came', () => {
    // Few different times, so that most are shared; things go in and out in turn.
    const step = fc.record({
      dues: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 12 }),
      until: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const queue = new DelayQueue(1000);
        let held: RawMessage[] = [];
        let order = 0;
        for (const { dues, until } of steps) {
          for (const due of dues) {
            const one = message(due, order++);
            queue.push(one);
            held.push(one);
          }
          // Sorting is stable.
          held.sort((a, b) => Number(a.receiveStamp - b.receiveStamp));
          const due = held.filter(({ receiveStamp }) => receiveStamp <= BigInt(until));
          held = held.filter(({ receiveStamp }) => receiveStamp > BigInt(until));
          assert.deepEqual(queue.takeUntil(BigInt(until)), due);
          assert.equal(queue.nextStamp, held[0]?.receiveStamp);
        }
        assert.deepEqual(queue.takeAll(), held);
      }),
    );
  });
});
