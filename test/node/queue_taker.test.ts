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

/** An event camera at 1 kHz, of which the middleware keeps 100 messages. Each takes 0.15 ms, and what else a turn does `turnMs`. */
function playFastTopic(turnMs: number): { longestMs: number; lost: number } {
  const depth = 100;
  const waiting: number[] = [];
  let [ms, came, lost, longestMs] = [0, 0, 0, 0];
  const takeNext = () => {
    const at = waiting.shift();
    if (at === undefined) return;
    longestMs = Math.max(longestMs, ms - at);
    taker.receive(Uint8Array.of(0));
  };
  const handle = () => {
    ms += 0.15;
  };
  const taker = new QueueTaker(handle, depth, takeNext, () => ms);
  while (ms < 5000) {
    for (; came <= ms; came++) waiting.push(came);
    while (waiting.length > depth) {
      waiting.shift();
      lost++;
    }
    takeNext();
    ms += turnMs;
  }
  return { longestMs, lost };
}

describe('QueueTaker', () => {
  it('hands on all that wait, in their order, when the first is taken', () => {
    const { received, takeNext } = topicOf([1, 2, 3], 10);
    takeNext();
    assert.deepEqual(received, [1, 2, 3]);
  });

  it('takes one at a time for 50 ms once none waited, and then all that wait again', () => {
    let ms = 0;
    const waiting = [1];
    const { received, takeNext } = topicOf(
      waiting,
      10,
      () => undefined,
      () => ms,
    );
    takeNext();
    waiting.push(2, 3, 4, 5);
    ms = 49;
    takeNext();
    assert.deepEqual(received, [1, 2]);
    ms = 50;
    takeNext();
    assert.deepEqual(received, [1, 2, 3, 4, 5]);
  });

  it('takes no more at once than the middleware keeps, however fast they come', () => {
    const waiting = [1];
    const { received, takeNext } = topicOf(waiting, 5, (value) => waiting.push(value + 1));
    takeNext();
    assert.deepEqual(received, [1, 2, 3, 4, 5]);
    takeNext();
    assert.deepEqual(received, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('leaves the event loop its turn after 1 ms, and takes the rest with the next message', () => {
    let ms = 0;
    const busy = () => {
      ms += 0.4;
    };
    const { received, takeNext } = topicOf([1, 2, 3, 4, 5], 10, busy, () => ms);
    takeNext();
    assert.deepEqual(received, [1, 2, 3]);
    takeNext();
    assert.deepEqual(received, [1, 2, 3, 4, 5]);
  });

  it('lets no message wait longer than 50 ms and two turns, however long turns take', () => {
    for (const turnMs of [0.3, 1.5, 3, 8, 30, 70]) {
      const { longestMs, lost } = playFastTopic(turnMs);
      assert.ok(longestMs <= 50 + 2 * (turnMs + 1), `${longestMs} ms with turns of ${turnMs} ms`);
      assert.equal(lost, 0, `turns of ${turnMs} ms`);
    }
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
