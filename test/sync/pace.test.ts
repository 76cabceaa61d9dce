import assert from 'node:assert/strict';
import { Random } from '../../src/random/random.js';
import {
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  describeReason,
  type MatchKind,
  type SyncEvent,
  Synchronizer,
} from '../../src/sync/index.js';

const MS = 1e6;

interface Sensor {
  modality: string;
  match?: MatchKind;
  /** By its stamps, milliseconds. */
  period: number;
  phase: number;
  /** From stamp to arrival where both clocks run alike; so much of it however fast they run. */
  latency: number;
}

const RIG: readonly Sensor[] = [
  { modality: 'camera', period: 100, phase: 0, latency: 25 },
  { modality: 'depth', period: 100, phase: 8, latency: 30 },
  { modality: 'lidar', period: 100, phase: 43, latency: 8 },
  { modality: 'events', match: 'window', period: 10, phase: 3, latency: 2 },
];
const SLOW_LIDAR: readonly Sensor[] = RIG.map((sensor) =>
  sensor.modality === 'lidar' ? { ...sensor, period: 200 } : sensor,
);

/** From `from` on, milliseconds of receive time, the stamps run at `pace` of it. */
type Leg = { from: number; pace: number };

interface Played {
  events: SyncEvent<number>[];
  /** Receive times, milliseconds, at which the camera sent something. */
  frames: number[];
  sync: Synchronizer<number>;
}

type Arrival = { at: number; stamp: number; modality: string };

/** What sensors send whose stamps do not run as fast as the clock they arrive by, with some jitter on both. */
function arrivalsOf(sensors: readonly Sensor[], legs: readonly Leg[], untilMs: number, silent?: string): Arrival[] {
  const paceAt = (time: number) => legs.findLast(({ from }) => from <= time)!.pace;
  const random = new Random('slow play');
  const arrivals: Arrival[] = [];
  for (const { modality, period, phase, latency } of sensors) {
    let time = phase;
    for (let stamp = phase; time < untilMs; stamp += period) {
      const scatter = random.range(-0.05, 0.05) * period;
      const at = time + scatter / paceAt(time) + latency + random.range(0, 4);
      if (modality !== silent || at < untilMs / 2) arrivals.push({ at, stamp: stamp + scatter, modality });
      // In small steps, as the pace may change on the way.
      for (let left = period; left > 0; left--) time += Math.min(1, left) / paceAt(time);
    }
  }
  return arrivals.sort((one, other) => one.at - other.at);
}

function play(sensors: readonly Sensor[], legs: readonly Leg[], untilMs: number, silent?: string): Played {
  return playArrivals(sensors, arrivalsOf(sensors, legs, untilMs, silent));
}

function playArrivals(sensors: readonly Sensor[], arrivals: readonly Arrival[]): Played {
  const sync = new Synchronizer<number>({
    ...DEFAULT_THRESHOLDS,
    streams: sensors.map(({ modality, match }) => defaultStreamOptions(modality, match)),
    referencePriority: sensors.map(({ modality }) => modality),
  });
  const events: SyncEvent<number>[] = [];
  for (const { at, stamp, modality } of arrivals) {
    const now = Math.round(at * MS);
    let turns = 0;
    for (let due = sync.nextWakeUp(); due !== undefined && due <= now; due = sync.nextWakeUp()) {
      events.push(...sync.advance(due));
      assert.ok(turns++ < 1000, 'each wake-up brings it on');
    }
    sync.push(modality, Math.round(stamp * MS), at, now);
    events.push(...sync.advance(now));
  }
  const frames = arrivals.filter(({ modality }) => modality === 'camera').map(({ at }) => at);
  return { events, frames, sync };
}

type Published = Extract<SyncEvent<number>, { kind: 'complete' | 'partial' }>;

/** Sets and lost states between two receive times. */
function between({ events, frames }: Played, from: number, to: number) {
  const isWithin = (time: number) => time >= from && time < to;
  const sets = events.filter(
    (event): event is Published =>
      (event.kind === 'complete' || event.kind === 'partial') && isWithin(event.closed / MS),
  );
  const losses = events.flatMap((event) =>
    event.kind === 'transition' && ['dropped', 'invalid', 'recovering'].includes(event.to) && isWithin(event.at / MS)
      ? [`${event.modality} ${event.from} > ${event.to} at ${(event.at / MS).toFixed(0)}: ${event.reason}`]
      : [],
  );
  return { sets, losses, frames: frames.filter(isWithin).length };
}

/** What is warned of from a receive time on; `undefined` for the end of a warning. */
const warnings = ({ events }: Played, from = 0) =>
  events.flatMap((event) =>
    event.kind === 'warning' && event.at >= from * MS ? [event.cause && describeReason(event.cause)] : [],
  );

describe('Synchronizer fed at another pace than that of the stamps', () => {
  for (const pace of [0.8, 0.5, 0.3, 0.2, 0.1, 0.06, 1.5, 2, 4, 8]) {
    for (const [name, rig] of [
      ['a rig at 10 Hz', RIG],
      ['a slow LiDAR', SLOW_LIDAR],
    ] as const) {
      it(`${name} at ${pace} of the pace: goes on with all sensors, and says so`, () => {
        // Until it has seen some periods it cannot know, and a backlog is worked off fast for a while.
        const known = pace < 1 ? Math.max(3500, 1900 / pace) : 7000;
        const until = known + 6000 / pace;
        const played = play(rig, [{ from: 0, pace }], until);
        const { sets, losses, frames } = between(played, known, until - 300 / pace);
        assert.deepEqual(losses, []);
        assert.ok(Math.abs(sets.length - frames) <= 1, `${sets.length} sets for ${frames} frames`);
        const whole = sets.filter(({ kind }) => kind === 'complete').length;
        assert.ok(whole >= 0.98 * sets.length, `${whole} of ${sets.length} sets are complete`);
        const resets = played.events.filter((event) => event.kind === 'reset' && event.at > known * MS);
        assert.deepEqual(resets, []);
        assert.ok(warnings(played).some((text) => text?.includes('the stamps of all sensors run at ')));
        assert.deepEqual(warnings(played, known), []);
        assert.deepEqual(played.sync.status().modalities[0]?.warning?.code, 'other-pace');
      });
    }
  }

  it('says nothing where clocks differ by as much as machines are slow for a moment', () => {
    for (const pace of [0.9, 0.97, 1, 1.03, 1.1]) {
      const played = play(RIG, [{ from: 0, pace }], 8000);
      assert.deepEqual(warnings(played), [], String(pace));
      assert.deepEqual(between(played, 1000, 7800).losses, [], String(pace));
    }
  });

  it('follows a pace that changes, and is as before once the stamps keep pace again', () => {
    const played = play(
      RIG,
      [
        { from: 0, pace: 1 },
        { from: 3000, pace: 0.3 },
        { from: 17_000, pace: 1 },
      ],
      25_000,
    );
    const slow = between(played, 10_000, 17_000);
    assert.deepEqual(slow.losses, []);
    assert.ok(slow.sets.length >= slow.frames - 1);
    const after = between(played, 18_000, 24_700);
    assert.deepEqual(after.losses, []);
    assert.ok(after.sets.every(({ kind, closed, opened }) => kind === 'complete' && closed - opened <= 100 * MS));
    assert.ok(Math.abs(after.sets.length - after.frames) <= 1);
    // A few messages tell that the stamps keep pace again; then there is nothing more to be said.
    assert.deepEqual(warnings(played, 18_000), []);
    assert.ok(played.sync.status().modalities.every(({ warning }) => warning === undefined));
    // Times are told by the receive clock, at any pace.
    const times = played.events.flatMap((event) =>
      'at' in event ? [event.at] : 'closed' in event ? [event.closed] : [],
    );
    assert.ok(times.every((time, index) => index === 0 || time >= times[index - 1]! - 1));
    assert.ok(played.sync.status().modalities.every(({ age }) => age! >= 0 && age! < 200 * MS));
    for (const set of played.events) {
      if (set.kind !== 'complete') continue;
      const match = set.matches.get('camera');
      assert.ok(match?.kind === 'sample' && Math.abs(match.sample.received - match.sample.value * MS) < 5 * MS);
    }
  });

  it('makes the sets of a new synchroniser two seconds after the stamps keep pace again', () => {
    const legs = [
      { from: 0, pace: 0.4 },
      { from: 15_000, pace: 1 },
    ];
    const arrivals = arrivalsOf(RIG, legs, 22_000);
    const summaries = (from: number) =>
      playArrivals(
        RIG,
        arrivals.filter(({ at }) => at >= from),
      ).events.flatMap((event) =>
        (event.kind === 'complete' || event.kind === 'partial') && event.closed > 17_200 * MS
          ? [`${event.closed} ${event.kind} ${event.stamp} ${[...event.matches.keys()]}`]
          : [],
      );
    const fresh = summaries(15_200);
    assert.ok(fresh.length > 40);
    assert.deepEqual(summaries(0), fresh);
  });

  it('still drops a sensor that falls silent, as late as the others are slow', () => {
    const pace = 0.25;
    const until = 24_000;
    const played = play(RIG, [{ from: 0, pace }], until, 'lidar');
    const dropped = played.events.find(
      (event) => event.kind === 'transition' && event.to === 'dropped' && event.at > (until / 2) * MS,
    );
    assert.ok(dropped?.kind === 'transition' && dropped.modality === 'lidar');
    const after = dropped.at / MS - until / 2;
    assert.ok(after > 300 && after < (300 + 100) / pace + 100, `${after} ms`);
    const { sets, frames } = between(played, until / 2, until - 500);
    assert.ok(sets.length >= frames - 2, `${sets.length} of ${frames}`);
  });
});
