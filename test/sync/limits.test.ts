import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type SyncEvent,
  Synchronizer,
  type SynchronizerOptions,
} from '../../src/sync/index.js';

const MS = 1e6;

function synchronizer(settings: Partial<SynchronizerOptions> = {}): Synchronizer<number> {
  return new Synchronizer<number>({
    ...DEFAULT_THRESHOLDS,
    ...settings,
    referencePriority: ['camera', 'lidar'],
    streams: [defaultStreamOptions('camera'), defaultStreamOptions('lidar')],
  });
}

describe('limits of the synchroniser', () => {
  it('closes the oldest set where more than 64 are waiting, and loses none', () => {
    // Nothing comes of the LiDAR, and who has never spoken is waited for in the beginning, here for a minute.
    const sync = synchronizer({ deadline: 60_000 * MS, dropSilence: 60_000 * MS });
    const closed: SyncEvent<number>[] = [];
    let most = 0;
    for (let k = 0; k < 100; k++) {
      const now = k * 33 * MS;
      sync.push('camera', now, k, now);
      closed.push(...sync.advance(now).filter(({ kind }) => kind === 'partial'));
      most = Math.max(most, sync.status().open);
    }
    assert.equal(most, 64);
    assert.deepEqual(
      closed.map((event) => (event.kind === 'partial' ? [event.stamp, event.closedBy, event.absent.get('lidar')] : [])),
      Array.from({ length: 36 }, (_, k) => [k * 33 * MS, 'overflow', 'waiting']),
    );
  });

  /** Streams besides a camera that alone paces and never comes. */
  const withoutPace = (settings: Partial<SynchronizerOptions> = {}) =>
    new Synchronizer<number>({
      ...DEFAULT_THRESHOLDS,
      ...settings,
      referencePriority: ['camera'],
      streams: [
        defaultStreamOptions('camera'),
        defaultStreamOptions('lidar'),
        defaultStreamOptions('events', 'window'),
      ],
    });

  it('holds three seconds of a stream and one sample more while nothing paces, and tells what became of the others', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('lidar', 'events'),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 20, maxLength: 400 }),
        (modality, intervalsMs) => {
          const sync = withoutPace();
          const stamps: number[] = [];
          let now = 0;
          for (const intervalMs of intervalsMs) {
            now += intervalMs * MS;
            sync.push(modality, now, 0, now);
            sync.advance(now);
            stamps.push(now);
            const recent = stamps.filter((stamp) => stamp > now - 3000 * MS).length;
            const { held, counters } = sync.status().modalities.find((each) => each.modality === modality)!;
            assert.ok(held <= recent + 1, `${held} held of ${recent} within three seconds`);
            const { received, used, superseded, repeated, outOfOrder, ignored, cleared } = counters;
            assert.equal(used + superseded + repeated + outOfOrder + ignored + cleared + held, received);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps the last sample of a slow stream for the reference that comes, whatever its age', () => {
    const sync = new Synchronizer<number>({
      ...DEFAULT_THRESHOLDS,
      referencePriority: ['camera'],
      streams: [
        defaultStreamOptions('camera'),
        { ...defaultStreamOptions('lidar'), period: 8000 * MS, tolerance: 8000 * MS },
      ],
    });
    const sets: SyncEvent<number>[] = [];
    for (let now = 0; now < 60_000 * MS; now += 100 * MS) {
      if (now % (8000 * MS) === 0) sync.push('lidar', now, now, now);
      sync.push('camera', now, now, now);
      sets.push(...sync.advance(now).filter(({ kind }) => kind === 'complete' || kind === 'partial'));
    }
    const late = sets.slice(300);
    assert.ok(late.length > 200);
    assert.deepEqual(new Set(late.map(({ kind }) => kind)), new Set(['complete']));
  });

  for (const [dropSilence, expected] of [
    [300, 1000],
    [1500, 1500],
  ] as const) {
    it(`gives a stream of unknown pace ${expected} ms: its second sample may still come (dropSilence ${dropSilence} ms)`, () => {
      const sync = synchronizer({ dropSilence: dropSilence * MS });
      sync.push('lidar', 0, 0, 0);
      let dropped: number | undefined;
      for (let k = 0; k < 25; k++) {
        const now = k * 100 * MS;
        sync.push('camera', now, k, now);
        for (const event of sync.advance(now)) {
          if (event.kind === 'transition' && event.modality === 'lidar' && event.to === 'dropped') dropped ??= event.at;
        }
      }
      assert.equal(dropped, expected * MS);
    });
  }
});
