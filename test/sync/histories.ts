import fc from 'fast-check';
import { Random } from '../../src/random/random.js';
import {
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type MatchKind,
  type SyncEvent,
  Synchronizer,
  type SynchronizerOptions,
} from '../../src/sync/index.js';

/** Milliseconds everywhere in this file, but for what goes into the synchroniser. */
const MS = 1e6;

export interface Sensor {
  name: string;
  match: MatchKind;
  period: number;
  phase: number;
  /** From exposure to arrival. */
  latency: number;
  /** Stamps scatter evenly by this part of the period, either way; arrivals by the same at most. */
  jitter: number;
  /** How much later it stamps, as is configured. */
  offset: number;
}

/** Something that goes wrong with some sensors for a while. */
export type HistoryFault = { who: string[]; from: number; to: number } & (
  | { kind: 'pause'; late: 'burst' | 'backlog'; lost: number }
  | { kind: 'silence' }
  | { kind: 'stamps-off'; by: number }
  | { kind: 'one-stamp-off'; by: number }
  | { kind: 'drift'; rate: number }
  | { kind: 'rate'; factor: 0.5 | 2 }
  | { kind: 'stamp-constant'; stamp: number }
  | { kind: 'slow-way'; by: number }
  | { kind: 'unreadable' }
  | { kind: 'blind' }
);

export interface History {
  seed: number;
  sensors: Sensor[];
  priority: string[];
  faults: HistoryFault[];
  /** When all is well, until {@link end}. */
  cleanFrom: number;
  end: number;
}

export interface Message {
  sensor: string;
  at: number;
  stamp: number;
  exposed: number;
  content: 'good' | 'blind' | 'unreadable';
}

const EPOCHS = [37_000, -37_000, 1.7e12, -1.7e12, 331_000, -3_600_000, 3_600_000];
const STEPS = [-50, 50, -120, 120, -200, 200, -250, -300, 300, -330, -400, -450, 600, -1000, 5000, -5000, ...EPOCHS];

const rigs: Record<string, number>[] = [
  { camera: 100, depth: 100, lidar: 100 },
  { camera: 33, depth: 33, lidar: 100, radar: 100 },
  { camera: 100, lidar: 200 },
  { camera: 66, depth: 33, lidar: 100, events: 20 },
  { camera: 33, lidar: 200 },
  { camera: 200, depth: 33 },
  { camera: 100, depth: 100, lidar: 100, events: 20 },
  { camera: 100 },
];

const within = (min: number, max: number) => fc.integer({ min, max });

const sensorOf = (name: string, period: number): fc.Arbitrary<Sensor> =>
  fc.record({
    name: fc.constant(name),
    match: fc.constant(name === 'events' ? ('window' as const) : ('nearest' as const)),
    period: fc.constant(period),
    phase: within(0, period - 1),
    latency: within(2, 80),
    jitter: fc.constantFrom(0, 0.05, 0.1),
    offset: fc.constantFrom(0, 0, 0, 0, 0, 25, -37_000, 3_600_000),
  });

const faultOf = (names: string[], length: number): fc.Arbitrary<HistoryFault> =>
  fc
    .record({
      who: fc.oneof(
        fc.constantFrom(...names).map((name) => [name]),
        fc.subarray(names, { minLength: 1 }),
        fc.constant(names),
      ),
      from: within(0, length),
      duration: fc.constantFrom(200, 300, 400, 700, 1200, 2500, 5000),
    })
    .chain(({ who, from, duration }) => {
      const when = { who, from, to: Math.min(from + duration, length) };
      return fc.oneof(
        fc
          .record({
            late: fc.constantFrom('burst' as const, 'backlog' as const),
            lost: fc.constantFrom(0, 0.3, 0.5, 0.8),
          })
          .map((rest) => ({ ...when, kind: 'pause' as const, ...rest })),
        fc.constant({ ...when, kind: 'silence' as const }),
        fc.constantFrom(...STEPS).map((by) => ({ ...when, kind: 'stamps-off' as const, by })),
        fc.constantFrom(...STEPS).map((by) => ({ ...when, kind: 'one-stamp-off' as const, by })),
        fc.constantFrom(-20, -1, 0.1, 1, 5, 20).map((rate) => ({ ...when, kind: 'drift' as const, rate })),
        fc.constantFrom(0.5 as const, 2 as const).map((factor) => ({ ...when, kind: 'rate' as const, factor })),
        fc
          .constantFrom(0, -5, 2 ** 31 / 1e6, -(2 ** 31) / 1e6)
          .map((stamp) => ({ ...when, kind: 'stamp-constant' as const, stamp })),
        fc.constantFrom(60, 150, 280, 500).map((by) => ({ ...when, kind: 'slow-way' as const, by })),
        fc.constant({ ...when, kind: 'unreadable' as const }),
        fc.constant({ ...when, kind: 'blind' as const }),
      );
    });

/** A random rig with up to four faults, and three and a half seconds in which all is well. */
export const history: fc.Arbitrary<History> = fc
  .record({ rig: fc.constantFrom(...rigs), length: fc.constantFrom(2000, 4000, 7000), seed: within(1, 1e9) })
  .chain(({ rig, length, seed }) => {
    const names = Object.keys(rig);
    return fc.record({
      seed: fc.constant(seed),
      sensors: fc.tuple(...names.map((name) => sensorOf(name, rig[name]!))),
      priority: fc.oneof<fc.Arbitrary<string[]>[]>(
        fc.constant(names),
        fc.constant(names.slice(0, 1)),
        fc.constant([...names].reverse()),
        fc.constantFrom(...names).map((name) => [name]),
      ),
      faults: fc.array(faultOf(names, length), { minLength: 1, maxLength: 4 }),
      cleanFrom: fc.constant(length),
      end: fc.constant(length + 3500),
    });
  });

/** Everything the sensors send, in the order of arrival. */
export function messagesOf({ seed, sensors, faults, cleanFrom, end }: History): Message[] {
  const messages = sensors.flatMap((sensor) => {
    const random = new Random(seed, sensor.name);
    const own = faults.filter(({ who }) => who.includes(sensor.name));
    const sent: Message[] = [];
    let last = -Infinity;
    let flipped = 0;
    for (let index = 0; sensor.phase + index * sensor.period < end; index++) {
      const time = sensor.phase + index * sensor.period;
      const scatter = random.range(-sensor.jitter, sensor.jitter) * sensor.period;
      const luck = random.range(0, 1);
      const message: Message = {
        sensor: sensor.name,
        exposed: time,
        stamp: time + scatter + sensor.offset,
        at: time + scatter + sensor.latency + random.range(0, sensor.jitter) * sensor.period,
        content: 'good',
      };
      const natural = message.at;
      let fate: 'sent' | 'lost' = 'sent';
      let twice = false;
      for (const fault of own) {
        if (time < fault.from || time >= fault.to || time >= cleanFrom) continue;
        switch (fault.kind) {
          case 'pause':
            if (luck < fault.lost) fate = 'lost';
            message.at = fault.to + sensor.latency + (time - fault.from) * (fault.late === 'burst' ? 0.002 : 0.4);
            break;
          case 'silence':
            fate = 'lost';
            break;
          case 'stamps-off':
            message.stamp += fault.by;
            break;
          case 'one-stamp-off':
            if (time < fault.from + sensor.period) message.stamp += fault.by;
            break;
          case 'drift':
            message.stamp += (fault.rate * (time - fault.from)) / 1000;
            break;
          case 'rate':
            if (fault.factor === 0.5 && flipped++ % 2 === 0) fate = 'lost';
            twice ||= fault.factor === 2;
            break;
          case 'stamp-constant':
            message.stamp = fault.stamp;
            break;
          case 'slow-way':
            message.at += fault.by;
            break;
          case 'unreadable':
          case 'blind':
            message.content = fault.kind;
        }
      }
      if (fate === 'lost') continue;
      // Messages of one sensor never overtake each other, and what is late is not part of the good time.
      message.at = Math.max(message.at, last + 0.1);
      if (time < cleanFrom && message.at >= cleanFrom && message.at > natural + 1) continue;
      last = message.at;
      sent.push(message);
      const half = sensor.period / 2;
      if (twice && message.at + half < cleanFrom) {
        last = message.at + half;
        sent.push({ ...message, at: last, stamp: message.stamp + half, exposed: time + half });
      }
    }
    return sent;
  });
  return messages.sort((one, other) => one.at - other.at || (one.sensor < other.sensor ? -1 : 1));
}

export interface Run {
  sync: Synchronizer<number>;
  events: SyncEvent<number>[];
  /** States of all streams, at each of the times asked for. */
  states: string[];
}

/** @param at - times at which to write down the states */
export function run({ sensors, priority, end }: History, messages: readonly Message[], at: readonly number[]): Run {
  const options: SynchronizerOptions = {
    ...DEFAULT_THRESHOLDS,
    streams: sensors.map(({ name, match, offset }) => ({ ...defaultStreamOptions(name, match), offset: offset * MS })),
    referencePriority: priority,
  };
  const sync = new Synchronizer<number>(options);
  const events: SyncEvent<number>[] = [];
  const states: string[] = [];
  const blind = new Set(
    messages.filter(({ content }) => content === 'blind').map(({ sensor, exposed }) => `${sensor} ${exposed}`),
  );
  const advance = (now: number) => {
    for (let batch = sync.advance(now); batch.length > 0; batch = sync.advance(now)) {
      events.push(...batch);
      for (const event of batch) {
        for (const [sensor, stamp, exposed] of decoded(event)) {
          const isBlind = blind.has(`${sensor} ${exposed}`);
          sync.reportContent(sensor, stamp, isBlind ? { kind: 'blind', reason: 'black' } : { kind: 'good' }, now);
        }
      }
    }
  };
  const runTo = (now: number) => {
    for (let due = sync.nextWakeUp(); due !== undefined && due <= now; due = sync.nextWakeUp()) advance(due);
  };
  const times = [...at];
  const noteUntil = (now: number) => {
    for (let time = times[0]; time !== undefined && time * MS <= now; time = times[0]) {
      runTo(time * MS);
      advance(time * MS);
      states.push(
        sync
          .status()
          .modalities.map(({ modality, state }) => `${modality} ${state}`)
          .join(', '),
      );
      times.shift();
    }
  };
  // Not to the very end, where samples are still to come.
  const until = (end - 200) * MS;
  for (const message of messages) {
    if (message.at * MS > until) break;
    const now = Math.round(message.at * MS);
    noteUntil(now);
    runTo(now);
    if (message.content === 'unreadable') sync.reportInvalid(message.sensor, 'cut off', now);
    else sync.push(message.sensor, Math.round(message.stamp * MS), message.exposed, now);
    advance(now);
  }
  noteUntil(until);
  runTo(until);
  return { sync, events, states };
}

/** What the pipeline would decode: the stream, the stamp it reports it by, and when it was taken. */
function decoded(event: SyncEvent<number>): [string, number, number | undefined][] {
  if (event.kind === 'probe') return [[event.modality, event.sample.stamp, event.sample.value]];
  if (event.kind !== 'complete' && event.kind !== 'partial') return [];
  return [...event.matches].map(([sensor, match]) =>
    match.kind === 'sample'
      ? [sensor, match.sample.stamp, match.sample.value]
      : [sensor, match.end, match.packets.at(-1)?.value],
  );
}

/** The history as a person reads it: a column for 50 ms of arrivals, what happened below. */
export function draw(drawn: History, messages: readonly Message[], events: readonly SyncEvent<number>[]): string {
  const COLUMN = 50;
  const width = Math.ceil(drawn.end / COLUMN);
  const rows = drawn.sensors.map(({ name, offset }) => {
    const cells = Array.from({ length: width }, () => ' ');
    for (const { sensor, at, stamp, exposed, content } of messages) {
      const column = Math.floor(at / COLUMN);
      if (sensor !== name || column >= width) continue;
      const off = stamp - offset - exposed;
      const sign = content !== 'good' ? '#' : off > 45 ? '>' : off < -45 ? '<' : '.';
      cells[column] = cells[column] === ' ' || cells[column] === sign ? sign : '*';
    }
    return `${name.padEnd(7)}|${cells.join('').trimEnd()}`;
  });
  const told = events.flatMap((event) => {
    const at = 'at' in event ? `${(event.at / MS).toFixed(0)} ms` : '';
    if (event.kind === 'transition')
      return [`${at} ${event.modality} ${event.from} > ${event.to} ${event.reason ?? ''}`];
    if (event.kind === 'reset') return [`${at} reset: ${event.reason}`];
    if (event.kind === 'stalled' || event.kind === 'warning') return [`${at} ${event.kind}: ${event.reason}`];
    return [];
  });
  const clean = `clean  |${' '.repeat(Math.floor(drawn.cleanFrom / COLUMN))}^`;
  return [...rows, clean, ...told].join('\n');
}
