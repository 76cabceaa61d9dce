import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type Match,
  type SetDraft,
  Synchronizer,
  type SynchronizerOptions,
} from '../../src/sync/index.js';
import { MS } from './timeline_harness.js';

const SENSORS = {
  camera: { period: 100, latency: 8, match: 'nearest' },
  depth: { period: 100, latency: 12, match: 'nearest' },
  lidar: { period: 200, latency: 60, match: 'nearest' },
  events: { period: 10, latency: 2, match: 'window' },
} as const;
const SECONDS = 4;

const OPTIONS: SynchronizerOptions = {
  ...DEFAULT_THRESHOLDS,
  referencePriority: ['camera', 'depth', 'lidar'],
  streams: Object.entries(SENSORS).map(([modality, { match }]) => ({ ...defaultStreamOptions(modality), match })),
};

interface Arrival {
  modality: string;
  stamp: number;
  at: number;
}

/** Healthy sensors: jitter of stamps and arrivals, and now and then a lost sample. */
const arrivals = fc.infiniteStream(fc.integer({ min: 0, max: 999 })).map((numbers) =>
  Object.entries(SENSORS)
    .flatMap(([modality, { period, latency }]) =>
      Array.from({ length: (SECONDS * 1000) / period }, (_, k): Arrival[] => {
        const [jitter, delay, loss] = [numbers.next().value!, numbers.next().value!, numbers.next().value!];
        const stamp = (k * period + (jitter / 1000 - 0.5) * 0.2 * period) * MS;
        const at = stamp + latency * (1 + delay / 2000) * MS;
        return loss < 20 ? [] : [{ modality, stamp, at }];
      }).flat(),
    )
    .sort((a, b) => a.at - b.at),
);

function stampsOf(match: Match<number> | undefined): number[] {
  if (match === undefined) return [];
  return match.kind === 'sample' ? [match.sample.stamp] : [match.end, ...match.packets.map(({ stamp }) => stamp)];
}

describe('Draft of a set', () => {
  it('holds the reference sample at once, and of the other streams what the set then contains, but for surprises', () => {
    let compared = 0;
    let surprises = 0;
    fc.assert(
      fc.property(arrivals, (messages) => {
        const sync = new Synchronizer<number>(OPTIONS);
        const drafts = new Map<number, SetDraft<number>[]>();
        for (const [index, { modality, stamp, at }] of messages.entries()) {
          sync.push(modality, stamp, index, at);
          for (const event of sync.advance(at)) {
            if (event.kind !== 'complete' && event.kind !== 'partial') continue;
            for (const draft of drafts.get(event.stamp) ?? []) {
              assert.deepEqual(stampsOf(draft.matches.get(event.reference)), [event.stamp]);
              for (const [name, match] of draft.matches) {
                compared++;
                // A sample may come earlier than the rhythm of its stream lets expect.
                if (`${stampsOf(match)}` !== `${stampsOf(event.matches.get(name))}`) surprises++;
                if (match.kind === 'window') assert.deepEqual(stampsOf(match), stampsOf(event.matches.get(name)));
              }
            }
          }
          const draft = sync.draft();
          if (draft !== undefined) drafts.set(draft.stamp, [...(drafts.get(draft.stamp) ?? []), draft]);
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(compared > 5000 && surprises < 0.01 * compared, `${surprises} of ${compared} came otherwise`);
  });

  it('changes nothing', () => {
    fc.assert(
      fc.property(arrivals, (messages) => {
        const [asked, unasked] = [new Synchronizer<number>(OPTIONS), new Synchronizer<number>(OPTIONS)];
        for (const [index, { modality, stamp, at }] of messages.entries()) {
          for (const sync of [asked, unasked]) sync.push(modality, stamp, index, at);
          asked.draft();
          assert.deepEqual(asked.advance(at), unasked.advance(at));
        }
        assert.deepEqual(asked.status(), unasked.status());
      }),
      { numRuns: 20 },
    );
  });

  it('tells the time between sets by the receive clock, where stamps run at another pace', () => {
    const sync = new Synchronizer<number>(OPTIONS);
    const PACE = 0.2;
    let period: number | undefined;
    for (let k = 0; k < 100; k++) {
      for (const modality of ['camera', 'depth', 'lidar']) {
        const at = (k * 100 * MS) / PACE + (modality === 'lidar' ? 60 * MS : 0);
        sync.push(modality, k * 100 * MS, k, at);
        sync.advance(at);
        period = sync.draft()?.period ?? period;
      }
    }
    assert.ok(Math.abs(period! / MS - 500) < 50, `${period! / MS} ms`);
  });

  it('is there only while a set is being collected', () => {
    const sync = new Synchronizer<number>(OPTIONS);
    assert.equal(sync.draft(), undefined);
    sync.push('camera', 0, 1, 0);
    assert.deepEqual([...sync.draft()!.matches.keys()], ['camera']);
    sync.advance(5000 * MS);
    assert.equal(sync.draft(), undefined);
  });
});
