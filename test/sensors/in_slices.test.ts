import assert from 'node:assert/strict';
import { inRowSlices, inSlices } from '../../src/sensors/in_slices.js';
import { turnsDuring } from './support/event_loop.js';

describe('inSlices', () => {
  for (const [count, perSlice, slices] of [
    [0, 4, []],
    [3, 4, [[0, 3]]],
    [4, 4, [[0, 4]]],
    [
      9,
      4,
      [
        [0, 4],
        [4, 8],
        [8, 9],
      ],
    ],
  ] as const) {
    it(`does ${count} iterations, ${perSlice} at a time, each once and in order`, async () => {
      const seen: [number, number][] = [];
      await inSlices(count, perSlice, (from, to) => seen.push([from, to]));
      assert.deepEqual(seen, slices);
    });
  }

  it('lets the event loop turn before each slice', async () => {
    const turns = await turnsDuring(inSlices(50, 10, () => {}));
    assert.ok(turns >= 4, `${turns} turns`);
  });

  it('does one slice a turn, also where several loops run side by side', async () => {
    let turn = 0;
    const turnsOfSlices: number[] = [];
    const count = () => {
      turn++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const loop = () => inSlices(5, 1, () => turnsOfSlices.push(turn));
    await Promise.all([loop(), loop(), loop()]);
    clearImmediate(immediate);
    assert.equal(turnsOfSlices.length, 15);
    assert.equal(new Set(turnsOfSlices).size, 15, `slices in turns ${turnsOfSlices.join(', ')}`);
  });

  it('rejects with what the work throws', async () => {
    const fails = () => {
      throw new RangeError('no');
    };
    await assert.rejects(inSlices(1, 1, fails), RangeError);
  });

  it('takes whole rows, at least one, however wide they are', async () => {
    for (const [width, expected] of [
      [10, 5],
      [25, 2],
      [51, 1],
      [1000, 1],
    ] as const) {
      const rows: number[] = [];
      await inRowSlices({ width, height: 6 }, 50, (from, to) => rows.push(to - from));
      assert.equal(rows[0], expected);
      assert.equal(
        rows.reduce((sum, count) => sum + count, 0),
        6,
      );
    }
  });
});
