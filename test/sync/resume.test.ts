import assert from 'node:assert/strict';
import fc from 'fast-check';
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
  { modality: 'events', match: 'window' as const },
];
const PERIODS = { camera: 100 * MS, lidar: 100 * MS, events: 10 * MS };
type Sensor = keyof typeof PERIODS;
/** From a stamp to its arrival. */
const LATENCIES = { camera: 30 * MS, lidar: 60 * MS, events: 5 * MS };
const ALL = Object.keys(PERIODS) as Sensor[];

const create = () => new Synchronizer<number>(synchronizerOptions(STREAMS, syncOptionsSchema.parse({})));

/** Plays what arrives from `from` up to `to`, and lets time pass. Payloads are stamps. */
function play(sync: Synchronizer<number>, from: number, to: number, sensors: readonly Sensor[] = ALL) {
  const arrivals = sensors.flatMap((sensor) => {
    const first = Math.ceil((from - LATENCIES[sensor]) / PERIODS[sensor]);
    const stamps: number[] = [];
    for (let i = first; i * PERIODS[sensor] + LATENCIES[sensor] < to; i++) stamps.push(i * PERIODS[sensor]);
    return stamps.map((stamp) => ({ sensor, stamp, at: stamp + LATENCIES[sensor] }));
  });
  arrivals.sort((one, other) => one.at - other.at);
  const events: SyncEvent<number>[] = [];
  let now = from;
  for (const { sensor, stamp, at } of arrivals) {
    for (; now < at; now += 10 * MS) events.push(...sync.advance(now));
    sync.push(sensor, stamp, stamp, at);
    events.push(...sync.advance(at));
  }
  for (; now < to; now += 10 * MS) events.push(...sync.advance(now));
  return events;
}

const transitions = (events: readonly SyncEvent<number>[]) =>
  events.flatMap((event) => (event.kind === 'transition' ? [`${event.modality} ${event.to}`] : []));
const sets = (events: readonly SyncEvent<number>[]) =>
  events.filter((event): event is SyncOutcome<number> => 'closedBy' in event);
const states = (sync: Synchronizer<number>) => sync.status().modalities.map(({ state }) => state);

describe('Synchronizer.resume', () => {
  it('takes no time in which nothing was listened to for silence, however long it was', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1500, max: 4000 }),
        fc.integer({ min: 10, max: 60_000 }),
        fc.integer({ min: 1, max: 4 }),
        (listenMs, restMs, rounds) => {
          const sync = create();
          let now = listenMs * MS;
          play(sync, 0, now);
          for (let round = 0; round < rounds; round++) {
            now += restMs * MS;
            sync.resume(now);
            const events = play(sync, now, now + listenMs * MS);
            assert.deepEqual(transitions(events), []);
            assert.deepEqual(
              events.filter(({ kind }) => kind === 'reset' || kind === 'stalled' || kind === 'warning'),
              [],
            );
            // What came before is of no use to any set; all from the first full one on are complete.
            const made = sets(events);
            for (const set of made) {
              assert.ok(set.stamp >= now - 100 * MS, `set of ${set.stamp}, resumed at ${now}`);
              for (const match of set.kind === 'dropped' ? [] : set.matches.values()) {
                const values = match.kind === 'sample' ? [match.sample.value] : match.packets.map(({ value }) => value);
                for (const value of values) assert.ok(value >= now - 100 * MS, `${value}, resumed at ${now}`);
              }
            }
            assert.deepEqual(
              made.slice(2).filter(({ kind }) => kind !== 'complete'),
              [],
            );
            assert.ok(made.length >= listenMs / 100 - 2, `${made.length} sets in ${listenMs} ms`);
            now += listenMs * MS;
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('finds out what has died meanwhile, within the usual silence from then on', () => {
    const sync = create();
    play(sync, 0, 2000 * MS);
    sync.resume(30_000 * MS);
    const events = play(sync, 30_000 * MS, 32_000 * MS, ['camera', 'events']);
    assert.deepEqual(transitions(events), ['lidar late', 'lidar dropped']);
    const dropped = events.find((event) => event.kind === 'transition' && event.to === 'dropped');
    assert.ok(dropped?.kind === 'transition' && dropped.at > 30_200 * MS && dropped.at < 30_500 * MS);
    // It stays so, and comes back as from any other silence.
    sync.resume(60_000 * MS);
    assert.deepEqual(transitions(play(sync, 60_000 * MS, 62_000 * MS, ['camera', 'events'])), []);
    sync.resume(90_000 * MS);
    assert.deepEqual(transitions(play(sync, 90_000 * MS, 92_000 * MS)).at(-1), 'lidar active');
    assert.deepEqual(states(sync), ['active', 'active', 'active']);
  });

  it('does nothing before the first message, and where the clock has gone back', () => {
    const sync = create();
    sync.resume(5000 * MS);
    assert.deepEqual(states(sync), ['waiting', 'waiting', 'waiting']);
    play(sync, 6000 * MS, 8000 * MS);
    sync.resume(7000 * MS);
    assert.deepEqual(states(sync), ['active', 'active', 'active']);
  });
});
