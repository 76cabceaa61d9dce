import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ArrivalClock } from '../../src/node/arrival_clock.js';
import { DEFAULT_THRESHOLDS, defaultStreamOptions, type SyncEvent, Synchronizer } from '../../src/sync/index.js';

const MS = 1e6;
/** Milliseconds; `depth`: messages that wait in the middleware, of which the oldest are lost. */
const SENSORS = [
  { modality: 'camera', match: 'nearest', period: 100, phase: 0, latency: 25, depth: 5 },
  { modality: 'depth', match: 'nearest', period: 100, phase: 8, latency: 30, depth: 5 },
  { modality: 'lidar', match: 'nearest', period: 100, phase: 43, latency: 8, depth: 5 },
  { modality: 'events', match: 'window', period: 10, phase: 3, latency: 2, depth: 100 },
] as const;
const HOLDS = [250, 420, 600, 900, 1400, 2900].map((length, index) => ({ from: 3000 + index * 6000, length }));
const END = 3000 + HOLDS.length * 6000;

/** A node whose process is held up again and again: each turn of its loop takes one message of each topic. */
async function play(): Promise<{ event: SyncEvent<number>; at: number }[]> {
  const coming = SENSORS.flatMap(({ modality, period, phase, latency }) =>
    Array.from({ length: Math.floor(END / period) }, (_, index) => {
      const stamp = phase + index * period;
      return { modality, stamp, at: stamp + latency + ((index * 7) % 3) };
    }),
  ).sort((one, other) => one.at - other.at);
  const queues = new Map(SENSORS.map(({ modality }) => [modality as string, [] as typeof coming]));
  const sync = new Synchronizer<number>({
    ...DEFAULT_THRESHOLDS,
    streams: SENSORS.map(({ modality, match }) => defaultStreamOptions(modality, match)),
    referencePriority: SENSORS.map(({ modality }) => modality),
  });
  let real = 0;
  const ros = { now: () => BigInt(Math.round(real * MS)), clockSource: 'system' as const };
  const clock = new ArrivalClock(ros, 3_600_000);
  const events: { event: SyncEvent<number>; at: number }[] = [];
  const advance = (now: number) => events.push(...sync.advance(now).map((event) => ({ event, at: real })));
  while (real < END) {
    const hold = HOLDS.find(({ from, length }) => real >= from && real < from + length);
    if (hold !== undefined) real = hold.from + hold.length;
    for (let next = coming[0]; next !== undefined && next.at <= real; next = coming[0]) {
      const queue = queues.get(next.modality)!;
      queue.push(coming.shift()!);
      if (queue.length > SENSORS.find(({ modality }) => modality === next.modality)!.depth) queue.shift();
    }
    const now = Number(clock.now());
    for (let due = sync.nextWakeUp(); due !== undefined && due <= now; due = sync.nextWakeUp()) advance(due);
    for (const queue of queues.values()) {
      const message = queue.shift();
      if (message !== undefined) sync.push(message.modality, Math.round(message.stamp * MS), 0, now);
      advance(now);
    }
    real += [...queues.values()].some(({ length }) => length > 0) ? 1 : 3;
    await nextTurn();
  }
  clock.close();
  return events;
}

describe('a node that is held up', () => {
  it('goes on with all sensors and rising stamps, however long it was held', async function () {
    this.timeout(0);
    const events = await play();
    assert.deepEqual(
      events.filter(({ event }) => event.kind === 'reset'),
      [],
    );
    const sets = events.flatMap(({ event, at }) => ('matches' in event ? [{ ...event, at }] : []));
    for (let index = 1; index < sets.length; index++) {
      const [before, set] = [sets[index - 1]!, sets[index]!];
      assert.ok(set.stamp > before.stamp, `${set.stamp} after ${before.stamp}`);
    }
    for (const { from, length } of HOLDS) {
      const back = sets.find(({ kind, at }) => kind === 'complete' && at >= from + length)!.at - (from + length);
      assert.ok(back <= 400, `all sensors again ${back} ms after it was held for ${length} ms`);
    }
    // What waited is received in the rhythm it came in where nothing is lost.
    const dropped = events.flatMap(({ event, at }) =>
      event.kind === 'transition' && event.to === 'dropped' ? [at] : [],
    );
    assert.ok(
      dropped.every((at) => at > HOLDS[2]!.from),
      String(dropped),
    );
  });
});
