import assert from 'node:assert/strict';
import {
  type AbsentReason,
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type SyncEvent,
  Synchronizer,
} from '../../src/sync/index.js';
import { checkTimeline } from './timeline_harness.js';

const MS = 1e6;

interface Played<S extends number | bigint> {
  sync: Synchronizer<number, S>;
  events: SyncEvent<number, S>[];
}

/** What a sensor sends: `time` in milliseconds of exposure, the value is `time` too. */
interface Sensor<S> {
  period: number;
  phase?: number;
  stampOf: (time: number) => S;
  offsetMs?: number;
  from?: number;
}

function play<S extends number | bigint>(
  sensors: Record<string, Sensor<S>>,
  seconds: number,
  priority = Object.keys(sensors),
): Played<S> {
  const sync = new Synchronizer<number, S>({
    ...DEFAULT_THRESHOLDS,
    referencePriority: priority,
    streams: Object.entries(sensors).map(([name, { offsetMs = 0 }]) => ({
      ...defaultStreamOptions(name),
      offset: offsetMs * MS,
    })),
  });
  const arrivals = Object.entries(sensors).flatMap(([name, { period, phase = 0, stampOf, from = 0 }]) =>
    Array.from({ length: Math.floor((seconds * 1000 - from) / period) }, (_, index) => {
      const time = from + phase + index * period;
      return { at: (time + 20) * MS, name, time, stamp: stampOf(time) };
    }),
  );
  arrivals.sort((one, other) => one.at - other.at);
  const events: SyncEvent<number, S>[] = [];
  for (const { at, name, time, stamp } of arrivals) {
    for (let due = sync.nextWakeUp(); due !== undefined && due < at; due = sync.nextWakeUp())
      events.push(...sync.advance(due));
    sync.push(name, stamp, time, at);
    events.push(...sync.advance(at));
  }
  return { sync, events };
}

const inTime = (ahead: (time: number) => number) => (time: number) => Math.round((time + ahead(time)) * MS);
const good = inTime(() => 0);
const sets = <S extends number | bigint>({ events }: Played<S>) =>
  events.flatMap((event) => ('matches' in event ? [event] : []));
const told = <S extends number | bigint>({ events }: Played<S>, kind: 'warning' | 'stalled') =>
  events.flatMap((event) =>
    event.kind === kind && event.reason !== undefined ? [{ at: event.at / 1e9, text: event.reason }] : [],
  );

describe('Synchronizer and clocks', () => {
  it('warns of a drift before the true distance is twice the tolerance, with its rate, and of nothing else', () => {
    for (const rate of [0.1, 1, 5, 20, -0.1, -1, -20]) {
      const tolerance = 75;
      // To twice the tolerance, and of a slow one a little less than all of it.
      const seconds = (2 * tolerance) / Math.abs(rate);
      const played = play(
        {
          camera: { period: 100, stampOf: good },
          lidar: { period: 100, phase: 5, stampOf: inTime((time) => (rate * time) / 1000) },
        },
        Math.min(seconds, 1500),
      );
      const [drift, ...others] = told(played, 'warning');
      assert.deepEqual(others, [], `${rate} ms/s`);
      assert.match(
        drift?.text ?? '',
        /^the stamps drift by [\d.]+ ms\/s against those of camera: \d+ ms (ahead of|behind) .* cannot be told from receive times$/,
      );
      const said = Number(/by ([\d.e+-]+) ms\/s/.exec(drift!.text)![1]);
      assert.ok(Math.abs(said / Math.abs(rate) - 1) < 0.25, `${said} ms/s for ${rate}`);
      assert.match(drift!.text, rate > 0 ? /ahead of/ : /behind/);
    }
  });

  it('warns of a rate that is halved or doubled for good', () => {
    for (const [before, after] of [
      [100, 200],
      [200, 100],
    ] as const) {
      const half: Sensor<number> = { period: Math.min(before, after), stampOf: good };
      const sync = new Synchronizer<number>({
        ...DEFAULT_THRESHOLDS,
        referencePriority: ['camera', 'lidar'],
        streams: ['camera', 'lidar'].map((name) => defaultStreamOptions(name)),
      });
      const warnings: string[] = [];
      for (let time = 0; time < 20_000; time += half.period) {
        const slow = before > after ? time < 10_000 : time >= 10_000;
        for (const name of ['camera', 'lidar']) {
          if (name === 'lidar' && slow && time % 200 !== 0) continue;
          sync.push(name, time * MS, time, (time + 20) * MS);
          for (const event of sync.advance((time + 20) * MS))
            if (event.kind === 'warning' && event.reason) warnings.push(`${event.modality} ${event.reason}`);
        }
      }
      assert.deepEqual(warnings, [`lidar the rate has changed from ${hertz(before)} to ${hertz(after)}`]);
    }
  });

  it('tells within 2 s that no set comes although messages do, whose fault it is, and when that is over', () => {
    const played = play(
      {
        camera: { period: 100, stampOf: (time) => (time < 4000 || time > 9000 ? good(time) : 5 * MS) },
        lidar: { period: 100, stampOf: good },
      },
      15,
      ['camera'],
    );
    const [stall, ...others] = told(played, 'stalled');
    assert.deepEqual(others, []);
    assert.ok(stall!.at >= 5.9 && stall!.at <= 6.2, `${stall!.at} s`);
    assert.equal(stall!.text, 'no set for 2.00 s although messages arrive: camera is invalid: the stamps stand still');
    assert.ok(played.events.some((event) => event.kind === 'resumed'));
    assert.equal(played.sync.status().stall, undefined);
    assert.ok(played.sync.status().unopened >= 45, `${played.sync.status().unopened}`);
  });

  for (const offsetMs of [-1.7e12, -37_000, 60_001, 3.6e6]) {
    it(`takes an offset of ${offsetMs} ms off wherever stamps are compared`, () => {
      const shifted = inTime(() => offsetMs);
      const played = play(
        {
          camera: { period: 100, stampOf: (time) => (time > 4000 && time < 6000 ? 1 : shifted(time)), offsetMs },
          depth: { period: 100, phase: 3, stampOf: good },
          lidar: { period: 100, phase: 7, stampOf: good },
        },
        10,
      );
      const all = sets(played);
      assert.ok(all.length >= 95, `${all.length} sets`);
      for (const set of all)
        for (const match of set.matches.values())
          if (match.kind === 'sample') assert.ok(Math.abs(match.sample.value - set.matches.size) >= 0);
      const whole = all.filter(({ kind }) => kind === 'complete');
      assert.ok(whole.length >= 70, `${whole.length} complete sets`);
      for (const { matches } of whole) {
        const times = [...matches.values()].flatMap((match) => (match.kind === 'sample' ? [match.sample.value] : []));
        assert.ok(Math.max(...times) - Math.min(...times) <= 10, `${times}`);
      }
    });
  }

  const EPOCHS: Record<string, bigint> = {
    unix: 1_700_000_000_123_456_789n,
    zero: 0n,
    uptime: 331_000_000_007n,
    'two to the 31': 2n ** 31n,
    negative: -12_345_678_901n,
  };
  for (const [first, one] of Object.entries(EPOCHS)) {
    for (const [rest, two] of Object.entries(EPOCHS)) {
      it(`gives stamps out as they came in, to the nanosecond: first message ${first}, then ${rest}`, () => {
        const stampOf = (epoch: bigint) => (time: number) => epoch + BigInt(Math.round(time * MS)) + 3n;
        const played = play<bigint>(
          {
            camera: { period: 100, phase: 7, stampOf: stampOf(two) },
            depth: { period: 100, phase: 9, stampOf: stampOf(two) },
            lidar: {
              period: 100,
              stampOf: (time) => (time < 250 ? one + BigInt(time) * 1_000_000n : stampOf(two)(time)),
            },
          },
          6,
        );
        const all = sets(played).filter(({ closed }) => closed > 1000 * MS);
        assert.ok(all.length >= 48, `${all.length} sets`);
        for (const { stamp, reference, matches } of all) {
          const match = matches.get(reference);
          assert.equal(match?.kind === 'sample' && stamp - stampOf(two)(match.sample.value), 0n);
        }
        assert.ok(all.slice(10).every(({ kind }) => kind === 'complete'));
        const reasons = new Set(all.slice(10).flatMap(({ absent }) => [...absent.values()] as AbsentReason[]));
        assert.deepEqual(reasons, new Set());
      });
    }
  }
});

function hertz(period: number): string {
  const rate = 1000 / period;
  return `${rate.toFixed(rate < 10 ? 1 : 0)} Hz`;
}

// Histories of `stabilisation.test.ts` that once took longer than the contract allows, as small as they get.
describe('Synchronizer after two faults at once', () => {
  it('needs no sample more where heads could be read again while the clock was set', () => {
    checkTimeline(
      `
      camera | a         b         c         !         !         !         !         d         e         f         g
      ------
      set    | C         C         C                                                                     C         C
      camera | a         b         c                                                                     f         g
      `,
      { streams: { camera: { off: { a: -330, b: -330, c: -330 } } } },
    );
  });

  it('reads the clock from a stamp that a sample before had wrongly', () => {
    checkTimeline(
      `
      camera | a         b         c         d         e         f         g         h         i         j         k
      ------
      set    | C         C         C                             C                                       C         C
      camera | a         b         c                             f                                       j         k
      `,
      { streams: { camera: { off: { d: 37_000, e: 37_000, f: 37_000, g: 100 } } } },
    );
  });
});
