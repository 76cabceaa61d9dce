import assert from 'node:assert/strict';
import { Random } from '../../src/random/random.js';
import {
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type MatchKind,
  type SyncEvent,
  Synchronizer,
  type SyncOutcome,
} from '../../src/sync/index.js';
import { MS } from './timeline_harness.js';

/** A simulated sensor; times in milliseconds. */
interface Sensor {
  modality: string;
  match?: MatchKind;
  period: number;
  phase: number;
  /** Stamps scatter evenly by this part of the period, either way. */
  jitter: number;
  /** From stamp to arrival, at least, and how much it varies. */
  latency: readonly [number, number];
  /** Sends nothing from here to there. */
  silent?: readonly [number, number];
}

type Published = Extract<SyncOutcome<number>, { kind: 'complete' | 'partial' }>;

const DEADLINE = DEFAULT_THRESHOLDS.deadline;

/** Sets made of what the sensors send, one sample after the other, in order of arrival. */
function simulate(sensors: readonly Sensor[], durationMs: number, seed: number) {
  const arrivals: { at: number; stamp: number; modality: string }[] = [];
  for (const sensor of sensors) {
    const random = new Random(seed, sensor.modality);
    let last = -Infinity;
    for (let time = sensor.phase; time < durationMs; time += sensor.period) {
      const stamp = (time + random.range(-sensor.jitter, sensor.jitter) * sensor.period) * MS;
      const at = Math.max(last, stamp + (sensor.latency[0] + random.range(0, sensor.latency[1])) * MS);
      last = at;
      const [from, to] = sensor.silent ?? [Infinity, Infinity];
      if (time < from || time >= to) arrivals.push({ at, stamp, modality: sensor.modality });
    }
  }
  arrivals.sort((one, other) => one.at - other.at);
  const sync = new Synchronizer<number>({
    ...DEFAULT_THRESHOLDS,
    streams: sensors.map(({ modality, match }) => defaultStreamOptions(modality, match)),
    referencePriority: sensors.map(({ modality }) => modality),
  });
  const events: SyncEvent<number>[] = [];
  for (const { at, stamp, modality } of arrivals) {
    sync.push(modality, stamp, 0, at);
    events.push(...sync.advance(at));
  }
  events.push(...sync.advance(arrivals.at(-1)!.at + DEADLINE));
  const sets = events.filter((event): event is Published => event.kind === 'complete' || event.kind === 'partial');
  return { arrivals, sets };
}

/** The four sensors of the bundled rig, with phases and latencies that differ. */
function rig(jitter: number, change: Record<string, Partial<Sensor>> = {}): Sensor[] {
  const sensors: Sensor[] = [
    { modality: 'camera', period: 100, phase: 0, jitter, latency: [25, 10] },
    { modality: 'depth', period: 100, phase: 8, jitter, latency: [30, 10] },
    { modality: 'lidar', period: 100, phase: 43, jitter, latency: [8, 5] },
    { modality: 'events', match: 'window', period: 10, phase: 3, jitter, latency: [2, 4] },
  ];
  return sensors.map((sensor) => ({ ...sensor, ...change[sensor.modality] }));
}

const SEEDS = [1, 2, 3, 4, 5];
const START = 4_000;
const END = 9_000;
const DURATION = 14_000;

describe('Promises of the synchroniser', () => {
  const rigs: [string, (jitter: number, change?: Record<string, Partial<Sensor>>) => Sensor[]][] = [
    ['a rig at 10 Hz', rig],
    ['a 30 Hz camera', (jitter, change) => rig(jitter, { ...change, camera: { period: 33, ...change?.camera } })],
    ['a 5 Hz LiDAR', (jitter, change) => rig(jitter, { ...change, lidar: { period: 200, ...change?.lidar } })],
    [
      'a LiDAR half a period apart',
      (jitter, change) => rig(jitter, { ...change, lidar: { phase: 50, ...change?.lidar } }),
    ],
  ];

  for (const [name, build] of rigs) {
    it(`${name}: at most 1 % false degradations under 20 % jitter`, () => {
      let sets = 0;
      let degraded = 0;
      for (const seed of SEEDS.slice(0, 2)) {
        const played = simulate(build(0.2), 200_000, seed);
        const frames = played.arrivals.filter(({ modality }) => modality === 'camera').length;
        assert.ok(
          Math.abs(played.sets.length - frames) <= 0.01 * frames,
          `${played.sets.length} sets of ${frames} frames`,
        );
        sets += played.sets.length;
        degraded += played.sets.filter(({ kind }) => kind === 'partial').length;
      }
      assert.ok(sets > 3_900, `only ${sets} sets`);
      assert.ok(degraded <= 0.01 * sets, `${degraded} of ${sets} sets degraded`);
    });

    for (const lost of ['camera', 'depth', 'lidar', 'events']) {
      it(`${name}: survives the loss of ${lost}`, () => {
        for (const seed of SEEDS) {
          const sensors = build(0.1, { [lost]: { silent: [START, END] } });
          const period = sensors[0]!.period;
          const { arrivals, sets } = simulate(sensors, DURATION, seed);

          // A set for at least 95 % of the camera's instants while the sensor is away. Where the camera itself is the
          // one, its stand-in has a pace of its own: the sets are as many as the stand-in's samples.
          const pace = lost === 'camera' ? 100 : period;
          const during = sets.filter(({ stamp }) => stamp >= START * MS && stamp < END * MS).length;
          const share = during / ((END - START) / pace);
          assert.ok(
            share >= 0.95 && share <= 1.05,
            `seed ${seed}: sets for ${(100 * share).toFixed(1)} % of the instants`,
          );

          // Degrades within the deadline: no set waits longer, and soon none holds the sensor any more.
          for (const set of sets) assert.ok(set.closed - set.opened <= DEADLINE + 1);
          const without = sets.filter(({ stamp }) => stamp > (START + 150) * MS && stamp < (END - 150) * MS);
          for (const set of without) assert.ok(!set.matches.has(lost), `seed ${seed}: ${lost} at ${set.stamp / MS}`);

          // The first set without it closes within the deadline and a period of the reference after its first sample
          // that did not come was due, give or take jitter and what the reference's own samples take to arrive.
          const { phase, period: step, latency } = sensors.find(({ modality }) => modality === lost)!;
          const due = phase + Math.ceil((START - phase) / step) * step + latency[0];
          const degraded =
            sets.find(({ closed, matches }) => closed > due * MS && !matches.has(lost))!.closed / MS - due;
          const limit = DEADLINE / MS + 1.2 * pace + (sensors[0]!.latency[0] + sensors[0]!.latency[1] - latency[0]);
          assert.ok(degraded <= limit, `seed ${seed}: degraded after ${degraded} of ${limit} ms`);

          // Recovers within 0.6 s of the first sample.
          const back = arrivals.find(({ modality, stamp }) => modality === lost && stamp > (END - 100) * MS)!.at;
          const whole = sets.find(({ matches, closed }) => closed > back && matches.has(lost))!.closed;
          const longest = lost === 'lidar' ? Math.max(600, 3 * sensors[2]!.period) : 600;
          assert.ok(whole - back <= longest * MS, `seed ${seed}: back after ${((whole - back) / MS).toFixed(0)} ms`);
          const after = sets.filter(({ stamp }) => stamp > (END + 700) * MS && stamp < (DURATION - 200) * MS);
          assert.ok(
            after.every(({ kind }) => kind === 'complete'),
            `seed ${seed}: complete again`,
          );
        }
      });
    }
  }

  it('never publishes while all sensors are silent', () => {
    const silent = { silent: [START, END] as const };
    const { sets } = simulate(rig(0.1, { camera: silent, depth: silent, lidar: silent, events: silent }), DURATION, 1);
    const during = sets.filter(({ closed }) => closed > START * MS + 1.5 * DEADLINE && closed < END * MS);
    assert.equal(during.length, 0);
    const back = sets.find(({ closed }) => closed > END * MS);
    assert.ok(back !== undefined && back.closed < (END + 600) * MS);
  });

  it('takes the nearest sample there ever is, of regular streams at any rates and phases', () => {
    const random = new Random('oracle');
    for (let trial = 0; trial < 40; trial++) {
      const change = {
        camera: { period: random.integer(40, 120), latency: [random.integer(0, 20), 0] as const },
        depth: {
          period: random.integer(30, 110),
          phase: random.integer(0, 100),
          latency: [random.integer(0, 20), 0] as const,
        },
        lidar: {
          period: random.integer(50, 120),
          phase: random.integer(0, 100),
          latency: [random.integer(0, 20), 0] as const,
        },
      };
      const { arrivals, sets } = simulate(rig(0, change).slice(0, 3), 5_000, trial);
      // From the second second on, with periods learned, and not at the very end, where samples are still to come.
      for (const set of sets.filter(({ stamp }) => stamp > 1_000 * MS && stamp < 4_700 * MS)) {
        for (const [modality, match] of set.matches) {
          if (match.kind !== 'sample') continue;
          const stamps = arrivals.filter((arrival) => arrival.modality === modality).map(({ stamp }) => stamp);
          const nearest = Math.min(...stamps.map((stamp) => Math.abs(stamp - set.stamp)));
          const taken = Math.abs(match.sample.stamp - set.stamp);
          // A quarter of a period is what the learned phase may cost where it settles a near tie.
          const slack = change[modality as keyof typeof change].period / 4;
          assert.ok(
            taken <= nearest + slack * MS,
            `trial ${trial}: ${modality} ${taken / MS} ms away, not ${nearest / MS}`,
          );
        }
      }
    }
  });
});
