import assert from 'node:assert/strict';
import { Random } from '../../src/random/random.js';
import { DEFAULT_THRESHOLDS, defaultStreamOptions, Synchronizer } from '../../src/sync/index.js';

const MS = 1e6;

/** Plays a camera whose period changes and a steady LiDAR; returns when which warning of the camera began, milliseconds. */
function warnings(seconds: number, periodMs: (ms: number) => number, jitterMs = 0): [number, string | undefined][] {
  const sync = new Synchronizer<number>({
    ...DEFAULT_THRESHOLDS,
    referencePriority: ['camera', 'lidar'],
    streams: [defaultStreamOptions('camera'), defaultStreamOptions('lidar')],
  });
  const random = new Random(1, 'rate');
  const messages: [string, number][] = [];
  for (let ms = 0; ms < 1000 * seconds; ms += periodMs(ms)) messages.push(['camera', ms]);
  for (let ms = 3; ms < 1000 * seconds; ms += 100) messages.push(['lidar', ms]);
  const arrivals = messages.map(([name, ms]) => ({ name, ms, at: ms + 10 + random.range(0, jitterMs) }));
  arrivals.sort((a, b) => a.at - b.at);
  const found: [number, string | undefined][] = [];
  for (const { name, ms, at } of arrivals) {
    sync.push(name, ms * MS, 0, at * MS);
    for (const event of sync.advance(at * MS)) {
      if (event.kind === 'warning' && event.modality === 'camera') found.push([event.at / MS, event.cause?.code]);
    }
  }
  return found;
}

describe('a rate that changes for good', () => {
  for (const [what, at, before, after, seconds, within] of [
    ['halved in the fifth second', 5000, 100, 200, 14, 4000],
    ['halved in the second', 1000, 100, 200, 5, 4000],
    ['doubled', 5000, 100, 50, 14, 4000],
    ['a third of 30 Hz', 4000, 33, 99, 12, 4000],
  ] as const) {
    it(`is told: ${what}`, () => {
      const found = warnings(seconds, (ms) => (ms < at ? before : after));
      assert.equal(found[0]?.[1], 'rate-changed');
      assert.ok(found[0]![0] > at && found[0]![0] <= at + within, `told at ${found[0]![0]} ms`);
    });
  }

  it('is told as long as it lasts', () => {
    const found = warnings(30, (ms) => (ms < 5000 || ms >= 15_000 ? 100 : 200));
    assert.deepEqual(
      found.map(([, code]) => code),
      ['rate-changed', undefined],
    );
    assert.ok(found[1]![0] > 15_000 && found[1]![0] < 19_000, `over at ${found[1]![0]} ms`);
  });

  it('is not seen in jitter, nor in a start that is uneven, for long', () => {
    assert.deepEqual(
      warnings(20, () => 100, 40),
      [],
    );
    assert.deepEqual(
      warnings(20, (ms) => (ms < 400 ? 250 : 100)),
      [],
    );
    const uneven = warnings(20, (ms) => (ms < 1200 ? 250 : 100));
    assert.equal(uneven.at(-1)?.[1], undefined);
  });
});
