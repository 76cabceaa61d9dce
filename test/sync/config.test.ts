import assert from 'node:assert/strict';
import { type MatchKind, Synchronizer, synchronizerOptions, syncOptionsSchema } from '../../src/sync/index.js';

const MODALITIES: { modality: string; match: MatchKind }[] = [
  { modality: 'camera', match: 'nearest' },
  { modality: 'events', match: 'window' },
  { modality: 'lidar', match: 'nearest' },
];

const options = (config: unknown) => synchronizerOptions(MODALITIES, syncOptionsSchema.parse(config));

describe('sync configuration', () => {
  it('is complete when empty', () => {
    assert.deepEqual(options({}), {
      referencePriority: ['camera', 'lidar', 'events'],
      deadline: 100e6,
      latePeriods: 1.5,
      dropPeriods: 3,
      dropSilence: 300e6,
      invalidAfter: 3,
      recoverAfter: 2,
      clockJump: 250e6,
      streams: MODALITIES.map((stream) => ({ ...stream, offset: 0, necessity: 'optional', availability: 'enabled' })),
    });
  });

  it('turns milliseconds into nanoseconds', () => {
    const { deadline, dropSilence, clockJump, streams } = options({
      deadlineMs: 33.5,
      dropSilenceMs: 500,
      clockJumpMs: 1000,
      streams: { lidar: { periodMs: 200, offsetMs: -12.5, toleranceMs: 40, necessity: 'essential' } },
    });
    assert.deepEqual([deadline, dropSilence, clockJump], [33.5e6, 500e6, 1e9]);
    assert.deepEqual(streams[2], {
      modality: 'lidar',
      match: 'nearest',
      period: 200e6,
      offset: -12.5e6,
      tolerance: 40e6,
      necessity: 'essential',
      availability: 'enabled',
    });
  });

  it('is of use to a synchroniser, with modalities disabled from the start', () => {
    const sync = new Synchronizer(options({ streams: { events: { availability: 'disabled' } } }));
    assert.deepEqual(
      sync.status().modalities.map(({ modality, state }) => `${modality} ${state}`),
      ['camera waiting', 'events disabled', 'lidar waiting'],
    );
  });

  const refused: [string, unknown, RegExp][] = [
    [
      'an unknown modality',
      { streams: { radar: {} } },
      /^Error: Expected one of camera, events, lidar for sync\.streams but received 'radar'/,
    ],
    [
      'an unknown reference',
      { referencePriority: ['radar'] },
      /Expected one of camera, events, lidar for referencePriority but received 'radar'/,
    ],
    ['no reference', { referencePriority: [] }, /referencePriority/],
    ['an unknown key', { deadline: 100 }, /deadline/],
    ['a wait of no length', { deadlineMs: 0 }, /deadlineMs/],
    ['a wait without end', { deadlineMs: Infinity }, /deadlineMs/],
    ['a tolerance below zero', { streams: { lidar: { toleranceMs: -1 } } }, /toleranceMs/],
    ['a boolean for a word', { streams: { lidar: { necessity: true } } }, /necessity/],
    ['drops before it is late', { dropPeriods: 0.5 }, /dropPeriods/],
  ];
  for (const [what, config, message] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => options(config), message));
  }

  it('refuses two streams of one modality, and none', () => {
    const config = syncOptionsSchema.parse({});
    const twice = [...MODALITIES, MODALITIES[0]!];
    assert.throws(() => synchronizerOptions(twice, config), /Expected different modalities .* received 'camera' twice/);
    assert.throws(() => synchronizerOptions([], config), /Expected at least one stream/);
  });

  it('refuses samples of a modality without a stream, and takes a stamp that is no number for a bad message', () => {
    const sync = new Synchronizer<string>(options({}));
    assert.throws(
      () => sync.push('radar', 0, '', 0),
      /Expected one of camera, events, lidar for modality but received 'radar'/,
    );
    for (const now of [0, 1, 2]) sync.push('camera', NaN, '', now);
    const [camera] = sync.status().modalities;
    assert.deepEqual([camera?.state, camera?.counters.invalid, camera?.counters.received], ['invalid', 3, 0]);
  });
});
