import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type SyncEvent, Synchronizer, synchronizerOptions, syncOptionsSchema } from '../../src/sync/index.js';
import { checkTimeline, MS, transitions } from './timeline_harness.js';

/** From column 32 on nothing was done; from column 81 on the samples stamped 40, 50 and so on come, one a column. */
const HELD = `
      camera |a         b         c         d                                                  efghi    j         k
      depth  |a         b         c         d                                                  efghi    j         k
      -------
      set    |C         C         C         C                                                  CCCCC    C         C
      camera |a         b         c         d                                                  efghi    j         k
      depth  |a         b         c         d                                                  efghi    j         k
`;
const WAITED = { e: -410, f: -320, g: -230, h: -140, i: -50 };

describe('Synchronizer.heldUp', () => {
  it('makes sets of all that waited, and takes its silence for none', () => {
    const streams = { camera: { off: WAITED }, depth: { off: WAITED } };
    const played = checkTimeline(HELD, { streams, held: { from: 32, until: 81 } });
    assert.deepEqual(transitions(played, 'depth'), ['depth: waiting > active @ 0']);
  });

  it('lets a set in the making wait for what waits', () => {
    // Camera's d has opened a set in column 30; depth's d comes while nothing is done.
    checkTimeline(
      `
      camera |a         b         c         d                 e f         g
      depth  | a         b         c                         de  f         g
      -------
      set    | C         C         C                         CC  C         C
      camera | a         b         c                         de  f         g
      depth  | a         b         c                         de  f         g
      `,
      {
        streams: { camera: { off: { e: -80 } }, depth: { latency: 10 * MS, off: { d: -160, e: -70 } } },
        held: { from: 31, until: 47 },
      },
    );
  });

  const STREAMS = [
    { modality: 'camera', match: 'nearest' as const, period: 100 * MS, latency: 30 * MS },
    { modality: 'lidar', match: 'nearest' as const, period: 100 * MS, latency: 60 * MS },
    { modality: 'events', match: 'window' as const, period: 10 * MS, latency: 5 * MS },
  ];
  const END = 12_000 * MS;
  const ARRIVALS = STREAMS.flatMap(({ modality, period, latency }) =>
    Array.from({ length: (END - latency) / period }, (_, i) => ({
      modality,
      stamp: i * period,
      at: i * period + latency,
    })),
  ).sort((one, other) => one.at - other.at);

  /** Plays all arrivals; those within a hold come at its end, in their order. */
  function play(holds: readonly { from: number; until: number }[]): SyncEvent<number>[] {
    const sync = new Synchronizer<number>(synchronizerOptions(STREAMS, syncOptionsSchema.parse({})));
    const events: SyncEvent<number>[] = [];
    const told = new Set<object>();
    let now = 0;
    const advanceTo = (at: number) => {
      for (let due = sync.nextWakeUp(); due !== undefined && due <= at; due = sync.nextWakeUp()) {
        events.push(...sync.advance(due));
      }
      now = at;
    };
    for (const { modality, stamp, at } of ARRIVALS) {
      const hold = holds.find(({ from, until }) => from < at && at <= until);
      if (hold !== undefined && !told.has(hold)) {
        advanceTo(hold.from);
        sync.heldUp(hold.until - hold.from, hold.until);
        now = hold.until;
        told.add(hold);
      }
      if (at > now) advanceTo(at);
      sync.push(modality, stamp, stamp, now);
      events.push(...sync.advance(now));
    }
    return events;
  }

  const setsOf = (events: readonly SyncEvent<number>[]) =>
    events.flatMap((event) => {
      if (!('closedBy' in event)) return [];
      const matches = event.kind === 'dropped' ? [] : [...event.matches];
      const used = matches.map(([modality, match]) => [
        modality,
        match.kind === 'sample' ? match.sample.stamp : match.end,
      ]);
      return [{ stamp: event.stamp, kind: event.kind, used }];
    });

  /** Plays random holds of up to so many milliseconds; no sensor is blamed for any. */
  function setsUnderHolds(mostMs: number, judge: (sets: ReturnType<typeof setsOf>) => void): void {
    const hold = fc.record({ after: fc.integer({ min: 0, max: 3000 }), for: fc.integer({ min: 1, max: mostMs }) });
    fc.assert(
      fc.property(fc.array(hold, { minLength: 1, maxLength: 6 }), (random) => {
        let at = 1500;
        const holds = random.map(({ after, for: length }) => {
          const from = at + after;
          at = from + length + 1;
          return { from: from * MS, until: (from + length) * MS };
        });
        const events = play(holds.filter(({ until }) => until < END - 500 * MS));
        const faults = events.filter(
          (event) =>
            event.kind === 'reset' ||
            event.kind === 'stalled' ||
            (event.kind === 'transition' && event.to !== 'active' && event.at < END - 500 * MS),
        );
        assert.deepEqual(faults, []);
        judge(setsOf(events));
      }),
      { numRuns: 100 },
    );
  }

  it('gives the sets there would have been without it, where nothing waited for longer than clocks may differ', () => {
    const unheld = setsOf(play([]));
    assert.ok(unheld.length > 110);
    setsUnderHolds(180, (sets) => assert.deepEqual(sets, unheld));
  });

  it('gives full sets with rising stamps, however long it was held up', () => {
    const isLess = ({ kind }: { kind: string }) => kind !== 'complete';
    const before = setsOf(play([])).filter(isLess);
    setsUnderHolds(2500, (sets) => {
      assert.deepEqual(sets.filter(isLess), before);
      for (let i = 1; i < sets.length; i++) assert.ok(sets[i]!.stamp > sets[i - 1]!.stamp);
    });
  });

  it('does nothing before the first message', () => {
    const sync = new Synchronizer<number>(synchronizerOptions(STREAMS, syncOptionsSchema.parse({})));
    sync.heldUp(500 * MS, 1000 * MS);
    assert.deepEqual(sync.advance(1000 * MS), []);
    assert.equal(sync.nextWakeUp(), undefined);
  });
});
