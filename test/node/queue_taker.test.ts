import assert from 'node:assert/strict';
import { QueueTaker } from '../../src/ros/queue_taker.js';

/** A topic on which messages of one byte wait, and what a taker of it hands on. */
function topicOf(
  waiting: number[],
  depth: number,
  onMessage: (value: number) => void = () => undefined,
  now: () => number = () => 0,
) {
  const received: number[] = [];
  const takeNext = () => {
    const value = waiting.shift();
    if (value !== undefined) taker.receive(Uint8Array.of(value));
  };
  const taker = new QueueTaker(
    ([value]) => {
      received.push(value!);
      onMessage(value!);
    },
    depth,
    takeNext,
    now,
  );
  return { received, takeNext };
}

describe('QueueTaker', () => {
  it('hands on all that wait, in their order, when the first is taken', () => {
    const { received, takeNext } = topicOf([1, 2, 3], 10);
    takeNext();
    assert.deepEqual(received, [1, 2, 3]);
  });

  it('takes no more at once than the middleware keeps, however fast they come', () => {
    const waiting = [1];
    const { received, takeNext } = topicOf(waiting, 5, (value) => waiting.push(value + 1));
    takeNext();
    assert.deepEqual(received, [1, 2, 3, 4, 5]);
    takeNext();
    assert.deepEqual(received, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('leaves the event loop its turn after 2 ms, and takes the rest with the next message', () => {
    let ms = 0;
    const busy = () => {
      ms += 0.9;
    };
    const { received, takeNext } = topicOf([1, 2, 3, 4, 5], 10, busy, () => ms);
    takeNext();
    assert.deepEqual(received, [1, 2, 3]);
    takeNext();
    assert.deepEqual(received, [1, 2, 3, 4, 5]);
  });

  it('goes on with the next one where a message makes its receiver throw', () => {
    const { received, takeNext } = topicOf([1, 2, 3], 10, (value) => {
      if (value === 2) throw new Error('no');
    });
    assert.throws(takeNext, /no/);
    takeNext();
    assert.deepEqual(received, [1, 2, 3]);
  });
});
