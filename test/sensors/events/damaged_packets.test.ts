import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventPacket } from '../../../src/messages/index.js';
import { EventBuffer, EventRing, EventStream } from '../../../src/sensors/events/index.js';
import { packet, words16 } from './support.js';

const MS = 1_000_000n;
const EPOCH = 1_700_000_000_000_000_000n;
const YEAR_2038 = (2n ** 31n - 1n) * 1_000_000_000n;
const lookup = {
  kind: 'scatter',
  grid: { width: 64, height: 48 },
  sensor: { width: 64, height: 48 },
  gridIndex: Int32Array.from({ length: 64 * 48 }, (_, i) => i),
} as const;

/** A packet every 10 ms with one event; the sensor's clock is 0.1 % slow. */
function regular(i: number): EventPacket {
  const us = Math.round(i * 10_000 * 0.999);
  const events = words16(0x8000 | ((us >>> 12) & 0xfff), 0x6000 | (us & 0xfff), 0, 0x2800 | (i % 64));
  return packet({ seq: BigInt(i), stamp: EPOCH + BigInt(i) * 10n * MS, events });
}

/** What is drawn 100 s after the glitch came at 1 s. */
async function drawnAfter(glitches: readonly EventPacket[]): Promise<Uint8Array> {
  const stream = new EventStream();
  for (let i = 0; i <= 10_000; i++) {
    stream.pushPacket(regular(i));
    if (i === 100) for (const glitch of glitches) stream.pushPacket(glitch);
  }
  return stream.render(EPOCH + 100_000n * MS - 5n * MS, lookup, { kind: 'polarity', windowMs: 40 });
}

describe('EventStream: a damaged packet', () => {
  let undamaged: Uint8Array;
  before(async () => {
    undamaged = await drawnAfter([]);
    assert.ok(undamaged.some((value) => value > 0));
  });

  const glitches: [string, Partial<EventPacket> & { stamp?: bigint }][] = [
    ['empty, from 2038', { stamp: YEAR_2038, seq: 100n }],
    ['empty, from 1970', { stamp: 0n, seq: 101n }],
    ['with events, from 2038', { ...regular(100), stamp: YEAR_2038, seq: 101n }],
    [
      'with a sensor time far ahead',
      { stamp: EPOCH + 1001n * MS, seq: 101n, events: words16(0x8fff, 0x6000, 0, 0x2801) },
    ],
    ['with a number far ahead', { stamp: EPOCH + 1001n * MS, seq: 2n ** 63n }],
    ['in another encoding', { stamp: EPOCH + 1001n * MS, seq: 101n, encoding: 'evt2' }],
    ['of another size', { stamp: EPOCH + 1001n * MS, seq: 101n, width: 9, height: 4_000_000_000 }],
  ];
  for (const [what, fields] of glitches) {
    it(`leaves nothing behind: ${what}`, async () => {
      const { stamp, header, ...rest } = { header: undefined, ...fields };
      assert.deepEqual(await drawnAfter([packet({ ...rest, ...(stamp !== undefined && { stamp }) })]), undamaged);
    });
  }

  it('leaves nothing behind, whatever it is', async () => {
    const word = fc.integer({ min: 0, max: 0xffff });
    const glitch = fc.record({
      stamp: fc.oneof(fc.bigInt(0n, YEAR_2038), fc.bigInt(EPOCH, EPOCH + 10_000_000_000n)),
      seq: fc.oneof(fc.constant(101n), fc.bigInt(0n, 2n ** 64n - 1n)),
      events: fc.array(word, { maxLength: 30 }).map((words) => words16(...words)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(glitch, { minLength: 1, maxLength: 4 }), async (packets) => {
        assert.deepEqual(await drawnAfter(packets.map(packet)), undamaged);
      }),
      { numRuns: 15, seed: 11 },
    );
  });
});

describe('EventRing: a packet from the future', () => {
  it('does not keep those after it from being let go', () => {
    const ring = new EventRing({ horizon: 100, capacity: 1_000_000 });
    const one = (t: number) => {
      const buffer = new EventBuffer(1);
      buffer.t[0] = t;
      buffer.length = 1;
      return buffer;
    };
    for (let t = 0; t < 100_000; t++) ring.push(one(t === 500 ? 1e15 : t));
    assert.ok(ring.length <= 110, `${ring.length} events are held`);
  });
});
