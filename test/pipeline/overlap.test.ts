import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Overlap } from '../../src/pipeline/overlap.js';

describe('Overlap', () => {
  let nowMs: number;
  let overlap: Overlap;
  const work = (inferenceMs: number) => {
    overlap.started();
    nowMs += inferenceMs;
    overlap.finished();
  };

  beforeEach(() => {
    nowMs = 1000;
    overlap = new Overlap(() => nowMs);
  });

  it('waits for the model while it does not know how long things take', () => {
    overlap.started();
    assert.equal(overlap.untilDecoding(), Number.POSITIVE_INFINITY);
    work(100);
    assert.equal(overlap.untilDecoding(), Number.POSITIVE_INFINITY);
  });

  for (const { decodeMs, elapsedMs, expectedMs } of [
    { decodeMs: 20, elapsedMs: 0, expectedMs: 70 },
    { decodeMs: 20, elapsedMs: 50, expectedMs: 20 },
    { decodeMs: 20, elapsedMs: 80, expectedMs: 0 },
    { decodeMs: 200, elapsedMs: 0, expectedMs: 0 },
    { decodeMs: 0, elapsedMs: 150, expectedMs: 0 },
  ]) {
    it(`of 100 ms of inference and ${decodeMs} of decoding, ${elapsedMs} ms on, waits ${expectedMs} ms`, () => {
      for (const inferenceMs of [100, 100, 900]) work(inferenceMs);
      overlap.decoded(decodeMs);
      overlap.started();
      nowMs += elapsedMs;
      assert.equal(overlap.untilDecoding(), expectedMs);
    });
  }

  it('ends a wait with the mask, with its time, or with a set that comes', async () => {
    const never = new Promise(() => undefined);
    assert.equal(await overlap.wait(Promise.resolve(), Number.POSITIVE_INFINITY), 'mask');
    assert.equal(await overlap.wait(never, 1), 'time');
    const waiting = overlap.wait(never, Number.POSITIVE_INFINITY);
    overlap.setCame();
    assert.equal(await waiting, 'time');
    await assert.rejects(
      overlap.wait(
        sleep(1).then(() => Promise.reject(new Error('broken'))),
        100,
      ),
      /broken/,
    );
  });
});
