import assert from 'node:assert/strict';
import { ClockMapping } from '../../../src/sensors/events/index.js';

const MS = 1_000_000n;
const EPOCH = 1_700_000_000_000_000_000n;

/** Seeded noise in -1..1. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

describe('ClockMapping', () => {
  it('knows nothing before the first packet and is exact after it', () => {
    const clock = new ClockMapping();
    assert.equal(clock.offset, undefined);
    assert.deepEqual(clock.observe(14_224_870_000n, EPOCH + 1n), { kind: 'steady' });
    assert.equal(clock.offset, EPOCH + 1n - 14_224_870_000n);
  });

  it('averages out the jitter of the stamps and ignores single late packets', () => {
    const clock = new ClockMapping();
    const random = noise(1);
    for (let i = 0n; i < 200n; i++) {
      const late = i % 10n === 3n ? 60n * MS : 0n;
      clock.observe(i * 20n * MS, EPOCH + i * 20n * MS + late + BigInt(Math.round(random() * 1e6)));
    }
    const error = Number(clock.offset! - EPOCH) / 1e6;
    assert.ok(Math.abs(error) < 0.5, `off by ${error} ms`);
  });

  it('is the median of the last 31 offsets, whatever their order', () => {
    const clock = new ClockMapping();
    for (let i = 0n; i < 40n; i++) clock.observe(0n, EPOCH);
    // 7 and 31 have no common factor: the offsets 0..30 ms in a mixed order.
    for (let i = 0n; i < 31n; i++) clock.observe(0n, EPOCH + ((i * 7n) % 31n) * MS);
    assert.equal(clock.offset, EPOCH + 15n * MS);
  });

  it('follows a drift of 100 ppm within a tenth of a millisecond', () => {
    const clock = new ClockMapping();
    let truth = 0n;
    for (let i = 0n; i < 3000n; i++) {
      const sensor = i * 20n * MS;
      truth = EPOCH + sensor / 10_000n;
      assert.equal(clock.observe(sensor, sensor + truth).kind, 'steady');
    }
    const error = Number(truth - clock.offset!) / 1e6;
    assert.ok(Math.abs(error) < 0.1, `off by ${error} ms`);
  });

  it('doubts a single wrong stamp and goes on as before', () => {
    const clock = new ClockMapping();
    clock.observe(0n, EPOCH);
    clock.observe(20n * MS, EPOCH + 20n * MS);
    assert.deepEqual(clock.observe(40n * MS, EPOCH + 5040n * MS), { kind: 'doubtful', offByNanoseconds: 5e9 });
    assert.deepEqual(clock.observe(60n * MS, EPOCH + 60n * MS), { kind: 'steady' });
    assert.equal(clock.offset, EPOCH);
  });

  it('reports a jump once three packets in a row agree on it', () => {
    for (const jump of [16_777n * MS, -14_000n * MS]) {
      const clock = new ClockMapping();
      for (let i = 0n; i < 10n; i++) clock.observe(i * 20n * MS, EPOCH + i * 20n * MS);
      const kinds = [10n, 11n, 12n, 13n].map((i) => clock.observe(i * 20n * MS + jump, EPOCH + i * 20n * MS));
      assert.deepEqual(
        kinds.map(({ kind }) => kind),
        ['doubtful', 'doubtful', 'jump', 'steady'],
      );
      assert.deepEqual(kinds[2], { kind: 'jump', byNanoseconds: -Number(jump) });
      assert.equal(clock.offset, EPOCH - jump);
    }
  });

  it('does not take wrong stamps for a jump that right ones come between', () => {
    const clock = new ClockMapping();
    clock.observe(0n, EPOCH);
    for (let i = 1n; i < 12n; i++) {
      const kind = clock.observe(i * 20n * MS, EPOCH + i * 20n * MS + (i % 2n) * 700n * MS).kind;
      assert.equal(kind, i % 2n === 1n ? 'doubtful' : 'steady');
    }
    assert.equal(clock.offset, EPOCH);
  });

  it('does not take three stamps that are wrong each in its own way for a jump', () => {
    const clock = new ClockMapping();
    clock.observe(0n, EPOCH);
    for (const wrong of [1000n, 3000n, 9000n, 400n, 7000n]) {
      assert.equal(clock.observe(0n, EPOCH + wrong * MS).kind, 'doubtful');
    }
    assert.equal(clock.offset, EPOCH);
  });
});
