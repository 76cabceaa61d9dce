import assert from 'node:assert/strict';
import {
  type SyncEvent,
  Synchronizer,
  type SyncOutcome,
  synchronizerOptions,
  syncOptionsSchema,
} from '../../src/sync/index.js';

const MS = 1e6;
const STREAMS = [
  { modality: 'camera', match: 'nearest' as const },
  { modality: 'lidar', match: 'nearest' as const },
];
const PERIOD = 100 * MS;

function options(config: object = {}, streams = STREAMS) {
  return synchronizerOptions(streams, syncOptionsSchema.parse(config));
}

/** Plays camera samples at 10 Hz, each with a LiDAR sample 10 ms later, and returns what happened. */
function play(
  sync: Synchronizer<string>,
  from: number,
  count: number,
  sensors = ['camera', 'lidar'],
): SyncEvent<string>[] {
  const events: SyncEvent<string>[] = [];
  for (let index = from; index < from + count; index++) {
    const at = index * PERIOD;
    if (sensors.includes('camera')) sync.push('camera', at, `c${index}`, at);
    events.push(...sync.advance(at));
    if (sensors.includes('lidar')) sync.push('lidar', at, `l${index}`, at + 10 * MS);
    events.push(...sync.advance(at + 10 * MS));
    for (let now = at + 20 * MS; now < at + PERIOD; now += 10 * MS) events.push(...sync.advance(now));
  }
  return events;
}

function sets(events: readonly SyncEvent<string>[]): SyncOutcome<string>[] {
  return events.filter((event): event is SyncOutcome<string> => 'closedBy' in event);
}

describe('Synchronizer.retune', () => {
  it('shortens the wait for a sensor that is silent', () => {
    for (const [deadlineMs, expected] of [
      [80, 80 * MS],
      [30, 30 * MS],
    ] as const) {
      const sync = new Synchronizer<string>(options({ deadlineMs: 90 }));
      play(sync, 0, 10);
      sync.retune(options({ deadlineMs }));
      const [set] = sets(play(sync, 10, 1, ['camera']));
      assert.equal(set?.kind, 'partial');
      assert.equal(set.closed - set.opened, expected);
    }
  });

  it('leaves what was learned and counted', () => {
    const sync = new Synchronizer<string>(options());
    play(sync, 0, 10);
    const before = sync.status();
    sync.retune(options({ deadlineMs: 50 }));
    assert.deepEqual(sync.status(), before);
    assert.equal(before.modalities[1]?.period, PERIOD);
  });

  it('puts a given period in force and takes it back', () => {
    const sync = new Synchronizer<string>(options());
    play(sync, 0, 10);
    const period = () => sync.status().modalities[1]?.period;
    sync.retune(options({ streams: { lidar: { periodMs: 50 } } }));
    assert.equal(period(), 50 * MS);
    sync.retune(options());
    assert.equal(period(), PERIOD);
  });

  it('changes how long a silence drops a sensor', () => {
    for (const [dropSilenceMs, state] of [
      [300, 'late'],
      [200, 'dropped'],
    ] as const) {
      const sync = new Synchronizer<string>(options());
      play(sync, 0, 10);
      sync.retune(options({ dropSilenceMs, dropPeriods: 2 }));
      play(sync, 10, 2, ['camera']);
      assert.equal(sync.status().modalities[1]?.state, state, `${dropSilenceMs} ms`);
    }
  });

  it('changes how many bad samples make a sensor invalid', () => {
    const sync = new Synchronizer<string>(options());
    play(sync, 0, 3);
    sync.retune(options({ invalidAfter: 1 }));
    sync.reportContent('lidar', 2 * PERIOD, { kind: 'blind', reason: 'empty' }, 3 * PERIOD);
    assert.equal(sync.status().modalities[1]?.state, 'invalid');
  });

  it('makes a sensor essential, and optional again', () => {
    const sync = new Synchronizer<string>(options());
    play(sync, 0, 10);
    play(sync, 10, 5, ['camera']);
    sync.retune(options({ streams: { lidar: { necessity: 'essential' } } }));
    assert.deepEqual(
      sets(play(sync, 15, 2, ['camera'])).map(({ kind }) => kind),
      ['dropped', 'dropped'],
    );
    sync.retune(options());
    assert.deepEqual(
      sets(play(sync, 17, 2, ['camera'])).map(({ kind }) => kind),
      ['partial', 'partial'],
    );
  });

  it('takes a sensor out and back in, and says so', () => {
    const sync = new Synchronizer<string>(options());
    play(sync, 0, 10);
    sync.retune(options({ streams: { lidar: { availability: 'disabled' } } }));
    const without = play(sync, 10, 3);
    const [told] = without;
    assert.deepEqual(told?.kind === 'transition' && [told.modality, told.to], ['lidar', 'disabled']);
    assert.deepEqual(
      sets(without).map(({ absent }) => absent.get('lidar')),
      ['disabled', 'disabled', 'disabled'],
    );
    sync.retune(options());
    assert.equal(sets(play(sync, 13, 5)).at(-1)?.kind, 'complete');
  });

  it('moves the stamps of a sensor that stamps late', () => {
    const sync = new Synchronizer<string>(options({ streams: { lidar: { toleranceMs: 5 } } }));
    play(sync, 0, 3);
    sync.retune(options({ streams: { lidar: { toleranceMs: 5, offsetMs: 40 } } }));
    const at = 3 * PERIOD;
    sync.push('camera', at, 'c', at);
    sync.push('lidar', at + 40 * MS, 'l', at + 50 * MS);
    const [set] = sets(sync.advance(at + 50 * MS));
    assert.equal(set?.kind, 'complete');
  });

  const refused: [what: string, wanted: ReturnType<typeof options>][] = [
    ['other modalities', options({}, [STREAMS[0]!])],
    ['another order of references', options({ referencePriority: ['lidar', 'camera'] })],
    [
      'another way to match',
      options({ referencePriority: ['camera', 'lidar'] }, [
        STREAMS[0]!,
        { modality: 'lidar', match: 'window' },
      ] as never),
    ],
  ];
  for (const [what, wanted] of refused) {
    it(`refuses ${what}, and goes on as before`, () => {
      const sync = new Synchronizer<string>(options());
      assert.throws(
        () => sync.retune(wanted),
        /^Error: Expected camera \(nearest\), lidar \(nearest\) by camera, lidar for/,
      );
      assert.deepEqual(sync.options, options());
    });
  }
});
