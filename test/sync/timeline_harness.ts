import assert from 'node:assert/strict';
import {
  type AbsentReason,
  type ContentVerdict,
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type Match,
  type StreamOptions,
  type SyncEvent,
  Synchronizer,
  type SynchronizerOptions,
} from '../../src/sync/index.js';

export const MS = 1e6;
/** Time a column stands for. */
export const TICK = 10 * MS;
/** Columns played on after the last arrival: past the deadline, but not until the end of the drawing is a drop-out. */
const TRAIL = 12;

/**
 * Input signs. A letter is a sample with that name, stamped with its column's time minus the stream's `latency`.
 * The others are what sensors do wrong.
 */
const REPEATED = '='; // the stamp of the sample before once more
const OVERTAKEN = '<'; // a stamp one and a half ticks before the sample before
const BLIND = '#'; // a sample in which decoding finds nothing to see, see `Setup.blindness`
const UNREADABLE = '!'; // a message that yields no sample

/** Output signs: a letter is the sample the set holds, a digit or sign says why it holds none. */
const ABSENT_SIGN: Record<AbsentReason, string> = {
  disabled: '/',
  waiting: '?',
  late: '~',
  unmatched: '%',
  unused: 'n',
  dropped: 'x',
  recovering: '^',
  invalid: '!',
  black: '#',
  saturated: '#',
  frozen: '#',
  empty: '#',
  'no-return': '#',
  noisy: '#',
};

export interface Setup {
  /**
   * Per stream what differs from the defaults; `latency` is the time from a sample's stamp to its arrival, `off` by how many
   * milliseconds the stamps of some samples are wrong.
   */
  streams?: Record<string, Partial<StreamOptions> & { latency?: number; off?: Readonly<Record<string, number>> }>;
  settings?: Partial<Omit<SynchronizerOptions, 'streams'>>;
  /** What decoding says of the samples drawn as `#`; `black` by default. */
  blindness?: Extract<ContentVerdict, { kind: 'blind' }>['reason'];
  /** After column `from` nothing is done until `until`, where the caller says that it was held up. */
  held?: { from: number; until: number };
  /** Things to do at a column, before its arrivals. */
  at?: Record<number, (sync: Synchronizer<string>, now: number) => void>;
}

export interface Played {
  sync: Synchronizer<string>;
  events: SyncEvent<string>[];
}

/**
 * Plays a time line and compares what comes out, column by column, the column being the moment the set is closed (a
 * second set closed in one column stands in the next).
 * Rows of arrivals stand above a line of dashes, rows of expected sets below it. The row `set` has the kind of each set
 * (C complete, P partial, D dropped), the others what it holds of a stream; `stamp` marks its reference by initial.
 *
 * ```
 * camera | a         b
 * depth  |  a         b
 * -------
 * set    |  C         C
 * camera |  a         b
 * depth  |  a         b
 * ```
 */
export function checkTimeline(drawing: string, setup: Setup = {}): Played {
  const lines = drawing.split('\n').filter((line) => line.trim() !== '');
  const divider = lines.findIndex((line) => line.trim().startsWith('---'));
  const inputs = new Map(lines.slice(0, divider).map(parseRow));
  const expected = new Map(lines.slice(divider + 1).map(parseRow));
  const played = play(inputs, setup);
  const width = Math.max(...[...inputs.values(), ...expected.values()].map((row) => row.length)) + 2 * TRAIL;
  const actual = draw(played.events, [...expected.keys()], width);
  assert.deepEqual(printRows(actual), printRows(expected), explain(actual, played.events));
  return played;
}

function parseRow(line: string): [string, string] {
  const bar = line.indexOf('|');
  assert.ok(bar > 0, `a row needs a name and a bar: ${line}`);
  return [line.slice(0, bar).trim(), line.slice(bar + 1).trimEnd()];
}

function play(inputs: ReadonlyMap<string, string>, setup: Setup): Played {
  const modalities = [...inputs.keys()];
  const sync = new Synchronizer<string>({
    ...DEFAULT_THRESHOLDS,
    referencePriority: modalities,
    ...setup.settings,
    streams: modalities.map((modality) => {
      const { latency: _latency, off: _off, ...options } = setup.streams?.[modality] ?? {};
      return { ...defaultStreamOptions(modality), ...options };
    }),
  });
  const events: SyncEvent<string>[] = [];
  /** Samples in which decoding will find nothing. */
  const blind = new Set<string>();
  const { blindness = 'black' } = setup;
  const lastStamp = new Map<string, number>();

  const drain = (now: number) => {
    for (let batch = sync.advance(now); batch.length > 0; batch = sync.advance(now)) {
      for (const event of batch) {
        events.push(event);
        for (const [modality, stamp] of decoded(event)) {
          const verdict: ContentVerdict = blind.has(`${modality} ${stamp}`)
            ? { kind: 'blind', reason: blindness }
            : { kind: 'good' };
          sync.reportContent(modality, stamp, verdict, now);
        }
      }
    }
  };
  const runTo = (now: number) => {
    for (let due = sync.nextWakeUp(); due !== undefined && due <= now; due = sync.nextWakeUp()) drain(due);
  };

  const length = Math.max(...[...inputs.values()].map((row) => row.length));
  for (let column = 0; column < length + TRAIL; column++) {
    const now = column * TICK;
    if (setup.held !== undefined && column > setup.held.from && column < setup.held.until) continue;
    if (setup.held?.until === column) sync.heldUp((column - setup.held.from) * TICK, now);
    runTo(now);
    setup.at?.[column]?.(sync, now);
    drain(now);
    for (const [modality, row] of inputs) {
      const sign = row[column] ?? ' ';
      if (sign === ' ') continue;
      const before = lastStamp.get(modality) ?? 0;
      const { latency = 0, off = {} } = setup.streams?.[modality] ?? {};
      let stamp = now - latency + (off[sign] ?? 0) * MS;
      if (sign === UNREADABLE) sync.reportInvalid(modality, 'cut off', now);
      else {
        if (sign === REPEATED) stamp = before;
        else if (sign === OVERTAKEN) stamp = before - 1.5 * TICK;
        else lastStamp.set(modality, stamp);
        if (sign === BLIND) blind.add(`${modality} ${stamp}`);
        sync.push(modality, stamp, sign, now);
      }
      drain(now);
    }
  }
  return { sync, events };
}

/** The samples the pipeline would decode because of an event. */
function decoded(event: SyncEvent<string>): [string, number][] {
  if (event.kind === 'probe') return [[event.modality, event.sample.stamp]];
  if (event.kind !== 'complete' && event.kind !== 'partial') return [];
  const pairs: [string, number][] = [];
  for (const [modality, match] of event.matches) {
    if (match.kind === 'sample') pairs.push([modality, match.sample.stamp]);
  }
  return pairs;
}

function draw(events: readonly SyncEvent<string>[], rows: readonly string[], width: number): Map<string, string> {
  const cells = new Map(rows.map((row) => [row, Array.from({ length: width }, () => ' ')]));
  let column = -1;
  for (const event of events) {
    if (event.kind !== 'complete' && event.kind !== 'partial' && event.kind !== 'dropped') continue;
    column = Math.max(column + 1, Math.round(event.closed / TICK));
    for (const [row, line] of cells) {
      if (row === 'set') line[column] = event.kind.charAt(0).toUpperCase();
      else if (row === 'stamp') line[column] = event.reference.charAt(0);
      else line[column] = held(event, row);
    }
  }
  return new Map([...cells].map(([row, line]) => [row, line.join('').trimEnd()]));
}

function held(event: SyncEvent<string>, modality: string): string {
  if (event.kind !== 'complete' && event.kind !== 'partial' && event.kind !== 'dropped') return ' ';
  const reason = event.absent.get(modality);
  if (reason !== undefined) return ABSENT_SIGN[reason];
  const match: Match<string> | undefined = event.kind === 'dropped' ? undefined : event.matches.get(modality);
  if (match === undefined) return '.';
  if (match.kind === 'sample') return match.sample.value;
  return match.packets.at(-1)?.value ?? '-';
}

function printRows(rows: ReadonlyMap<string, string | readonly string[]>): string {
  return [...rows].map(([name, row]) => `${name.padEnd(7)}|${typeof row === 'string' ? row : row.join('')}`).join('\n');
}

function explain(
  actual: ReadonlyMap<string, string | readonly string[]>,
  events: readonly SyncEvent<string>[],
): string {
  const changes = events.flatMap((event) => {
    if (event.kind === 'transition') {
      return [`${event.at / TICK}: ${event.modality} ${event.from} -> ${event.to} ${event.reason ?? ''}`];
    }
    return event.kind === 'reset' ? [`${event.at / TICK}: reset, ${event.reason}`] : [];
  });
  return `what came out:\n${printRows(actual)}\n${changes.join('\n')}`;
}

/** Changes of state of a modality as `modality: from > to @ column`. */
export function transitions({ events }: Played, modality: string): string[] {
  return events.flatMap((event) =>
    event.kind === 'transition' && event.modality === modality
      ? [`${modality}: ${event.from} > ${event.to} @ ${event.at / TICK}`]
      : [],
  );
}
