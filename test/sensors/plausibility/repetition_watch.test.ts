import assert from 'node:assert/strict';
import { RepetitionWatch } from '../../../src/sensors/plausibility/repetition_watch.js';

/** Ages found after each message; a number a message: what it shows. Ten messages a second. */
function ages(contents: readonly number[], change?: (data: Uint8Array, k: number) => void): (number | undefined)[] {
  const watch = new RepetitionWatch();
  return contents.map((content, k) => {
    const data = new Uint8Array(4000).fill(content % 251, 12).fill(content >> 8, 100, 160);
    // The stamp differs with each message.
    new DataView(data.buffer).setUint32(4, k);
    change?.(data, k);
    watch.observe({ topic: '/t', type: 't', data, receiveStamp: 0n }, BigInt(k) * 100_000_000n);
    return watch.age;
  });
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('RepetitionWatch', () => {
  it('tells content that was shown before, message for message, and how old it is', () => {
    const found = ages([...range(0, 50), ...range(30, 80)]);
    assert.ok(
      found.slice(0, 61).every((age) => age === undefined),
      found.join(),
    );
    assert.deepEqual(found.slice(61, 70), Array(9).fill(2));
    // From message 70 on what it shows is new again; that holds for three seconds.
    assert.deepEqual(found.slice(70, 100), Array(30).fill(2));
    assert.deepEqual(ages([...range(0, 50), ...range(30, 140)]).slice(101), Array(59).fill(undefined));
  });

  it('tells a loop as long as it lasts', () => {
    const loop = range(0, 20);
    const found = ages([...loop, ...loop, ...loop, ...loop, ...loop]);
    assert.deepEqual(found.slice(31), Array(69).fill(2));
  });

  it('tells nothing of what stands still, blinks, or returns by chance', () => {
    assert.ok(ages(Array(100).fill(7)).every((age) => age === undefined));
    assert.ok(ages(range(0, 100).map((k) => k % 2)).every((age) => age === undefined));
    assert.ok(ages(range(0, 100).map((k) => k % 11)).every((age) => age === undefined));
    // Each content twice, but in another order each time.
    const scattered = [...range(0, 60), ...range(0, 60).map((k) => (k * 37) % 60)];
    assert.ok(ages(scattered).every((age) => age === undefined));
  });

  it('sees noise, wherever it is', () => {
    let seed = 1;
    const noise = (data: Uint8Array) => {
      for (let at = 12; at < data.length; at++) {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        if (seed >>> 24 < 30) data[at]! ^= 1;
      }
    };
    assert.ok(ages([...range(0, 50), ...range(30, 80)], noise).every((age) => age === undefined));
  });

  it('forgets what is long ago', () => {
    assert.ok(ages([...range(0, 400), ...range(0, 60)]).every((age) => age === undefined));
  });
});
