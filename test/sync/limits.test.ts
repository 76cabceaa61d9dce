import assert from 'node:assert/strict';
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
