/**
 * What the synchroniser costs an arrival. Run: `npm run bench -- sync [--seconds 60]`. Sensors as on a robot: camera and depth
 * at 30 Hz, LiDAR at 10 Hz, an event camera with 1,000 packets a second, stamps and arrivals with jitter. Processor time, so
 * that other work on the machine counts little, and its ratio to that of a million steps of plain arithmetic, so that other
 * machines can be compared. Prints one line of JSON.
 */
import { parseArgs } from 'node:util';
import { Random } from '../src/random/random.js';
import { DEFAULT_THRESHOLDS, defaultStreamOptions, Synchronizer } from '../src/sync/index.js';

const MS = 1_000_000n;
const START = 1_750_000_000_000_000_000n;
const SENSORS = [
  { modality: 'camera', match: 'nearest', periodMs: 33, latencyMs: 25 },
  { modality: 'depth', match: 'nearest', periodMs: 33, latencyMs: 30 },
  { modality: 'lidar', match: 'nearest', periodMs: 100, latencyMs: 8 },
  { modality: 'events', match: 'window', periodMs: 1, latencyMs: 2 },
] as const;
const JITTER = 0.1;
/** Until periods are learned and the code is compiled. */
const WARM_UP_SECONDS = 10;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const seconds = Number(values.seconds) + WARM_UP_SECONDS;

interface Arrival {
  modality: string;
  stamp: bigint;
  now: number;
}

const arrivals = SENSORS.flatMap(({ modality, periodMs, latencyMs }) => {
  const random = new Random('bench', modality);
  return Array.from({ length: Math.floor((seconds * 1000) / periodMs) }, (_, index): Arrival => {
    const time = index * periodMs + random.range(-JITTER, JITTER) * periodMs;
    const arrived = time + latencyMs + random.range(0, JITTER) * periodMs;
    return { modality, stamp: START + (BigInt(Math.round(time * 1000)) * MS) / 1000n, now: Math.round(arrived * 1e6) };
  });
}).sort((one, other) => one.now - other.now);

const sync = new Synchronizer<undefined, bigint>({
  ...DEFAULT_THRESHOLDS,
  streams: SENSORS.map(({ modality, match }) => defaultStreamOptions(modality, match)),
  referencePriority: SENSORS.map(({ modality }) => modality),
});

/** Processor time of this process, microseconds. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function play(some: readonly Arrival[]): { sets: number; us: number } {
  let sets = 0;
  const start = spent();
  for (const { modality, stamp, now } of some) {
    for (let due = sync.nextWakeUp(); due !== undefined && due <= now; due = sync.nextWakeUp()) {
      for (const event of sync.advance(due)) if (event.kind === 'complete') sets++;
    }
    sync.push(modality, stamp, undefined, now);
    for (const event of sync.advance(now)) {
      if (event.kind === 'complete') sets++;
      if (event.kind !== 'complete' && event.kind !== 'partial') continue;
      for (const [name, match] of event.matches) {
        const looked = match.kind === 'sample' ? match.sample.stamp : match.end;
        sync.reportContent(name, looked, { kind: 'good' }, now);
      }
    }
  }
  return { sets, us: spent() - start };
}

/** Processor time of a million steps of a generator of random numbers, microseconds: the least of some tries. */
function yardstick(): number {
  const tries = Array.from({ length: 7 }, () => {
    const start = spent();
    let state = 1;
    for (let step = 0; step < 1e6; step++) state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >= 0 ? spent() - start : Number.NaN;
  });
  return Math.min(...tries);
}

const first = arrivals.findIndex(({ now }) => now >= WARM_UP_SECONDS * 1e9);
play(arrivals.slice(0, first));
const measured = arrivals.slice(first);
const { sets, us } = play(measured);
const perArrival = us / measured.length;
console.log(
  JSON.stringify({
    arrivals: measured.length,
    perSecond: Math.round(measured.length / Number(values.seconds)),
    completeSets: sets,
    usPerArrival: Number(perArrival.toFixed(1)),
    millionSteps: Number((perArrival / yardstick()).toFixed(4)),
  }),
);
