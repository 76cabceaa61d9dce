import { ArrivalClock } from '../../../src/node/arrival_clock.js';
import { QueueTaker } from '../../../src/ros/queue_taker.js';
import { DEFAULT_THRESHOLDS, defaultStreamOptions, type SyncEvent, Synchronizer } from '../../../src/sync/index.js';

const MS = 1e6;
/** In milliseconds; `depth`: messages that wait in the middleware, of which the oldest are lost. */
export const SENSORS = [
  { modality: 'camera', match: 'nearest', period: 100, phase: 0, latency: 25, depth: 5 },
  { modality: 'depth', match: 'nearest', period: 100, phase: 8, latency: 30, depth: 5 },
  { modality: 'lidar', match: 'nearest', period: 100, phase: 43, latency: 8, depth: 5 },
  { modality: 'events', match: 'window', period: 10, phase: 3, latency: 2, depth: 100 },
] as const;

export interface Loop {
  endMs: number;
  /** How long a turn takes that begins at `realMs` and takes in so many messages. */
  turnMs: (realMs: number, messages: number) => number;
  /** Whether a sensor sends the message with that stamp, in milliseconds; all do by default. */
  sends?: (modality: string, stampMs: number) => boolean;
}

/** An event and the real time in milliseconds at which it was heard of. */
export interface Heard {
  event: SyncEvent<number>;
  at: number;
}

/** The synchroniser in the event loop of a node whose turns take longer or shorter: each takes what QueueTaker takes. */
export function playLoop({ endMs, turnMs, sends = () => true }: Loop): Heard[] {
  const coming = SENSORS.flatMap(({ modality, period, phase, latency }) =>
    Array.from({ length: Math.floor(endMs / period) }, (_, index) => {
      const stamp = phase + index * period;
      return { modality, stamp, at: stamp + latency + ((index * 7) % 3) };
    }),
  )
    .filter(({ modality, stamp }) => sends(modality, stamp))
    .sort((one, other) => one.at - other.at);
  const queues = new Map(SENSORS.map(({ modality }) => [modality as string, [] as typeof coming]));
  let real = 0;
  let taken = 0;
  const takers = SENSORS.map(({ modality, depth }) => {
    let next: (typeof coming)[number];
    const onMessage = () => {
      taken++;
      const now = Number(clock.now());
      sync.push(modality, Math.round(next.stamp * MS), 0, now);
      advance(now);
    };
    const takeNext = () => {
      const message = queues.get(modality)!.shift();
      if (message === undefined) return;
      next = message;
      taker.receive(new Uint8Array());
    };
    const taker = new QueueTaker(onMessage, depth, takeNext, () => real);
    return takeNext;
  });
  const sync = new Synchronizer<number>({
    ...DEFAULT_THRESHOLDS,
    streams: SENSORS.map(({ modality, match }) => defaultStreamOptions(modality, match)),
    referencePriority: SENSORS.map(({ modality }) => modality),
  });
  const clock = new ArrivalClock({
    ros: { now: () => BigInt(Math.round(real * MS)), clockSource: 'system' },
    onHeldUp: (by, now) => sync.heldUp(by, Number(now)),
    // It shall not go on by itself while a slow machine runs the test.
    beatMs: 3_600_000,
  });
  const heard: Heard[] = [];
  const advance = (now: number) => heard.push(...sync.advance(now).map((event) => ({ event, at: real })));
  let next = 0;
  while (real < endMs) {
    for (; next < coming.length && coming[next]!.at <= real; next++) {
      const queue = queues.get(coming[next]!.modality)!;
      queue.push(coming[next]!);
      if (queue.length > SENSORS.find(({ modality }) => modality === coming[next]!.modality)!.depth) queue.shift();
    }
    const now = Number(clock.now());
    for (let due = sync.nextWakeUp(); due !== undefined && due <= now; due = sync.nextWakeUp()) advance(due);
    taken = 0;
    for (const take of takers) take();
    real += turnMs(real, taken);
  }
  clock.close();
  return heard;
}
