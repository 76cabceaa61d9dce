import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SyncEvent } from '../../src/sync/index.js';
import { draw, type History, history, messagesOf, run } from './histories.js';

const MS = 1e6;
const DEADLINE = 100;
/** Histories run through here; five times as many in `npm run test:slow`, more by hand: `SYNC_HISTORIES=100000 SYNC_SEED=2 npx mocha …`. */
const HISTORIES = Number(process.env.SYNC_HISTORIES ?? 1_000);
const SEED = Number(process.env.SYNC_SEED ?? 1);

type Published = Extract<SyncEvent<number>, { matches: unknown }>;
const isPublished = (event: SyncEvent<number>): event is Published => 'matches' in event;

/** What the contract calls W. */
function memoryOf({ sensors }: History): number {
  return Math.max(2000, 4 * Math.max(...sensors.map(({ period }) => period)));
}

/** A set as far as it matters who made it. */
function summary({ kind, stamp, reference, closed, closedBy, absent, matches }: Published): string {
  const held = [...matches].map(([sensor, match]) =>
    match.kind === 'sample'
      ? `${sensor} ${match.sample.value}`
      : `${sensor} ${match.packets.map(({ value }) => value)}`,
  );
  const missing = [...absent].map(([sensor, reason]) => `${sensor} ${reason}`);
  return `${closed / MS} ${kind} ${stamp / MS} by ${reference} ${closedBy}: ${held.join(', ')}; without ${missing.join(', ')}`;
}

/**
 * A model of the contract's third point that knows nothing of how it is kept: a stream that may pace and that no fault
 * has touched for a while is good, and then there must have been a set.
 */
function checkLive(drawn: History, events: readonly SyncEvent<number>[]): void {
  const closed = events.filter(isPublished).map((set) => set.closed / MS);
  const good = drawn.sensors.filter(({ name }) => drawn.priority.includes(name));
  // The slowest of them may be the reference, whose own rhythm says when it is late.
  const halved = drawn.faults.filter(({ kind }) => kind === 'rate').flatMap(({ who }) => who);
  const period = Math.max(...good.map((sensor) => sensor.period * (halved.includes(sensor.name) ? 2 : 1)));
  for (const { name, latency } of good) {
    // What is seen in its samples is believed at the second good one, and looked at once its stamps are.
    const isBlind = drawn.faults.some(({ kind, who }) => kind === 'blind' && who.includes(name));
    const bound = DEADLINE + Math.max(3 * period, 500) + latency + 0.2 * period + (isBlind ? period : 0);
    const touched = drawn.faults.filter(({ who }) => who.includes(name));
    // From its start, and from the end of each fault of its own, until the next: there is no longer time without a set.
    const starts = [0, ...touched.map((fault) => laterEnd(fault))];
    for (const from of starts) {
      const next = Math.min(
        drawn.end - 200,
        ...touched.filter((fault) => laterEnd(fault) > from).map((fault) => fault.from),
      );
      let last = from;
      for (const time of [...closed.filter((each) => each > from && each <= next), next]) {
        assert.ok(
          time - last <= bound,
          `no set from ${last.toFixed(0)} to ${time.toFixed(0)} ms, although ${name} was good (bound ${bound.toFixed(0)} ms)`,
        );
        last = time;
      }
    }
  }
}

/** When the last message of a fault can arrive. */
function laterEnd({ kind, from, to, ...rest }: History['faults'][number]): number {
  if (kind === 'pause') return to + 0.4 * (to - from) + 100;
  if (kind === 'slow-way' && 'by' in rest) return to + rest.by;
  return to;
}

/** No sample gives a stamp to two sets, not across a reset either: those who join topics by stamp know one of them. */
function checkOnce(events: readonly SyncEvent<number>[]): void {
  const seen = new Set<string>();
  for (const { stamp, reference, matches, closed } of events.filter(isPublished)) {
    const match = matches.get(reference);
    const sample = match?.kind === 'sample' ? match.sample.value : match?.packets.at(-1)?.value;
    // Where the set holds nothing of its reference, another sample may have had that stamp, on a clock that was set back.
    if (sample === undefined) continue;
    const key = `${reference} ${sample} ${stamp}`;
    assert.ok(!seen.has(key), `a second set by ${key} at ${(closed / MS).toFixed(0)} ms`);
    seen.add(key);
  }
}

function checkStabilisation(drawn: History): void {
  const messages = messagesOf(drawn);
  const from = drawn.cleanFrom + memoryOf(drawn);
  const times = Array.from({ length: Math.floor((drawn.end - 200 - from) / 100) }, (_, index) => from + index * 100);
  const old = run(drawn, messages, times);
  const fresh = run(
    drawn,
    messages.filter(({ exposed }) => exposed >= drawn.cleanFrom),
    times,
  );
  try {
    assert.deepEqual(old.states, fresh.states, 'the same states');
    const after = (events: readonly SyncEvent<number>[]) =>
      events.filter(isPublished).filter(({ closed }) => closed > from * MS);
    assert.deepEqual(after(old.events).map(summary), after(fresh.events).map(summary), 'the same sets');
    assert.ok(after(fresh.events).length > 0);
    const resets = old.events.filter((event) => event.kind === 'reset' && event.at > from * MS);
    assert.deepEqual(resets, [], 'no reset later on');
    checkLive(drawn, old.events);
    checkOnce(old.events);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${draw(drawn, messages, old.events)}`, {
      cause: error,
    });
  }
}

/**
 * Two sensors that begin while the receiver is held up: the first samples work themselves off, and each is taken for the
 * right clock in turn. Two sets bore the stamp of one sample.
 */
const HELD_AT_THE_START: History = {
  seed: 512018117,
  sensors: [
    { name: 'camera', match: 'nearest', period: 100, phase: 2, latency: 2, jitter: 0, offset: 0 },
    { name: 'lidar', match: 'nearest', period: 200, phase: 0, latency: 4, jitter: 0, offset: 0 },
  ],
  priority: ['camera', 'lidar'],
  faults: [{ who: ['camera', 'lidar'], from: 2, to: 402, kind: 'pause', late: 'backlog', lost: 0.5 }],
  cleanFrom: 7000,
  end: 10_500,
};

/** Stamps that stand still but for a drift are a clock that stands still, not all clocks at another pace. */
const CRAWLING: History = {
  seed: 220232812,
  sensors: [{ name: 'camera', match: 'nearest', period: 100, phase: 0, latency: 2, jitter: 0, offset: 0 }],
  priority: ['camera'],
  faults: [
    { who: ['camera'], from: 1684, to: 6684, kind: 'stamp-constant', stamp: 0 },
    { who: ['camera'], from: 3594, to: 7000, kind: 'drift', rate: 20 },
  ],
  cleanFrom: 7000,
  end: 10_500,
};

describe('Synchronizer after any history', function () {
  this.timeout(0);

  it('gives no stamp twice where all sensors were held up at the start', () => checkStabilisation(HELD_AT_THE_START));

  it('takes stamps that crawl for a fault', () => checkStabilisation(CRAWLING));

  it(`is as new after W of good input, and lives all the while (${HISTORIES} histories)`, () => {
    fc.assert(fc.property(history, checkStabilisation), { seed: SEED, numRuns: HISTORIES, endOnFailure: false });
  });
});
