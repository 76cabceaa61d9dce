import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type ContentVerdict,
  DEFAULT_THRESHOLDS,
  type StreamOptions,
  type SyncEvent,
  Synchronizer,
  type SynchronizerOptions,
  type SyncOutcome,
} from '../../src/sync/index.js';
import { MS } from './timeline_harness.js';

/** One thing that happens to the synchroniser. The value of a sample is its index in the script. */
type Input =
  | { at: number; kind: 'sample'; modality: string; stamp: number }
  | { at: number; kind: 'unreadable'; modality: string }
  | { at: number; kind: 'verdict'; modality: string; stamp: number; verdict: ContentVerdict }
  | { at: number; kind: 'availability'; modality: string; availability: 'enabled' | 'disabled' };

interface Script {
  options: SynchronizerOptions;
  inputs: Input[];
}

const DURATION = 3000 * MS;
const milliseconds = (min: number, max: number) => fc.integer({ min, max }).map((value) => value * MS);

/** A sensor with its options and everything it sends in three seconds, well or ill. */
const sensor = (modality: string) =>
  fc
    .record({
      match: fc.constantFrom('nearest' as const, 'nearest' as const, 'window' as const),
      period: milliseconds(15, 400),
      knowsPeriod: fc.boolean(),
      offset: fc.oneof(fc.constant(0), milliseconds(-80, 80)),
      tolerance: milliseconds(5, 200),
      necessity: fc.constantFrom('optional' as const, 'optional' as const, 'optional' as const, 'essential' as const),
      phase: milliseconds(0, 400),
      latency: milliseconds(0, 150),
      clockError: fc.constantFrom(0, 0, 0, 0, 300 * MS, -7000 * MS),
      outage: fc.tuple(milliseconds(0, 3000), milliseconds(0, 1500)),
      accidents: fc.array(
        fc.tuple(
          fc.nat(200),
          fc.constantFrom('repeat', 'overtake', 'jump', 'unreadable', 'black', 'loss', 'disable', 'enable'),
        ),
        { maxLength: 12 },
      ),
      noise: fc.infiniteStream(fc.integer({ min: -200, max: 200 })),
    })
    .map((sketch): { options: StreamOptions; inputs: Input[] } => {
      const { match, period, offset, tolerance, necessity, outage } = sketch;
      const options: StreamOptions = {
        modality,
        match,
        offset,
        tolerance,
        necessity,
        availability: 'enabled',
        ...(sketch.knowsPeriod && { period }),
      };
      const inputs: Input[] = [];
      let error = sketch.clockError + offset;
      let last = 0;
      for (let index = 0; sketch.phase + index * period < DURATION; index++) {
        const jitter = ((sketch.noise.next().value ?? 0) / 1000) * period;
        const time = sketch.phase + index * period;
        const at = time + sketch.latency + Math.abs(jitter);
        if (time > outage[0] && time < outage[0] + outage[1]) continue;
        const accident = sketch.accidents.find(([when]) => when === index)?.[1];
        if (accident === 'jump') error -= 2000 * MS;
        let stamp = Math.round(time + jitter + error);
        if (accident === 'repeat') stamp = last;
        if (accident === 'overtake') stamp = last - 10 * MS;
        last = stamp;
        if (accident === 'loss') continue;
        if (accident === 'disable' || accident === 'enable') {
          inputs.push({ at, kind: 'availability', modality, availability: `${accident}d` });
        }
        if (accident === 'unreadable') inputs.push({ at, kind: 'unreadable', modality });
        else inputs.push({ at, kind: 'sample', modality, stamp });
        const verdict =
          accident === 'black' ? ({ kind: 'blind', reason: 'black' } as const) : ({ kind: 'good' } as const);
        if (index % 3 === 0 || accident === 'black') {
          for (let echo = 0; echo < 3; echo++)
            inputs.push({ at: at + echo * MS, kind: 'verdict', modality, stamp: stamp + echo, verdict });
        }
      }
      return { options, inputs };
    });

const script: fc.Arbitrary<Script> = fc
  .tuple(
    fc.integer({ min: 1, max: 4 }).chain((count) => fc.tuple(...['p', 'q', 'r', 's'].slice(0, count).map(sensor))),
    milliseconds(1, 250),
  )
  .map(([sensors, deadline]) => ({
    options: {
      ...DEFAULT_THRESHOLDS,
      deadline,
      streams: sensors.map(({ options }) => options),
      referencePriority: sensors.map(({ options }) => options.modality),
    },
    inputs: sensors
      .flatMap(({ inputs }) => inputs)
      .map((input, index) => ({ input, index }))
      .sort((one, other) => one.input.at - other.input.at || one.index - other.index)
      .map(({ input }) => input),
  }));

interface Run {
  sync: Synchronizer<number>;
  events: SyncEvent<number>[];
}

/** @param visits - when the driver calls `advance` between inputs: as asked for, at given times as well, or never */
function run({ options, inputs }: Script, visits: 'when-due' | 'never' | readonly number[]): Run {
  const sync = new Synchronizer<number>(options);
  const events: SyncEvent<number>[] = [];
  const extra = typeof visits === 'string' ? [] : [...visits].sort((one, other) => one - other);
  const visitUntil = (until: number) => {
    while (visits !== 'never') {
      const due = Math.min(sync.nextWakeUp() ?? Infinity, extra[0] ?? Infinity);
      if (due > until) return;
      if (due === extra[0]) extra.shift();
      events.push(...sync.advance(due));
    }
  };
  inputs.forEach((input, index) => {
    visitUntil(input.at);
    if (input.kind === 'sample') sync.push(input.modality, input.stamp, index, input.at);
    else if (input.kind === 'unreadable') sync.reportInvalid(input.modality, 'cut off', input.at);
    else if (input.kind === 'verdict') sync.reportContent(input.modality, input.stamp, input.verdict, input.at);
    else {
      events.push(...sync.advance(input.at));
      sync.setEnabled(input.modality, input.availability);
    }
    if (visits !== 'never') events.push(...sync.advance(input.at));
  });
  const end = (inputs.at(-1)?.at ?? 0) + 2000 * MS;
  visitUntil(end);
  events.push(...sync.advance(end));
  return { sync, events };
}

type Published = Extract<SyncOutcome<number>, { kind: 'complete' | 'partial' }>;

const isPublished = (event: SyncEvent<number>): event is Published =>
  event.kind === 'complete' || event.kind === 'partial';

const isOutcome = (event: SyncEvent<number>): event is SyncOutcome<number> =>
  isPublished(event) || event.kind === 'dropped';

const samplesOf = (set: Published) =>
  [...set.matches].flatMap(([modality, match]) =>
    (match.kind === 'sample' ? [match.sample] : match.packets).map((sample) => ({ modality, ...sample })),
  );

/** Enough to come across every kind of event many times, see the first test. */
const SCRIPTS = 250;

describe('Synchronizer, whatever it is given', () => {
  let runs: { script: Script; played: Run }[];

  before(() => {
    const scripts = fc.sample(script, { seed: 20240611, numRuns: SCRIPTS });
    runs = scripts.map((drawn) => ({ script: drawn, played: run(drawn, 'when-due') }));
  });

  function check(property: (played: Run, script: Script) => void): void {
    runs.forEach((each, index) => {
      try {
        property(each.played, each.script);
      } catch (error) {
        throw new Error(`in script ${index}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    });
  }

  it('draws scripts that exercise it', () => {
    const seen = new Map<string, number>();
    check(({ events }) => {
      for (const event of events) {
        const name =
          event.kind === 'transition' ? event.to : isOutcome(event) ? `${event.kind} ${event.closedBy}` : event.kind;
        seen.set(name, (seen.get(name) ?? 0) + 1);
      }
    });
    const wanted = ['complete settled', 'partial settled', 'partial deadline', 'dropped deadline', 'probe', 'reset'];
    const states = ['active', 'late', 'dropped', 'recovering', 'invalid', 'disabled'];
    for (const name of [...wanted, ...states])
      assert.ok((seen.get(name) ?? 0) >= 20, `${name}: ${seen.get(name) ?? 0}`);
  });

  it('puts out rising stamps between two resets', () => {
    check(({ events }) => {
      let last = -Infinity;
      for (const event of events) {
        if (event.kind === 'reset') last = -Infinity;
        if (!isOutcome(event) || event.closedBy === 'reset') continue;
        assert.ok(event.stamp > last, `${event.stamp} after ${last}`);
        last = event.stamp;
      }
    });
  });

  it('uses no sample outside its tolerance', () => {
    check(({ events }, { options }) => {
      const optionsOf = (modality: string) => options.streams.find((stream) => stream.modality === modality)!;
      for (const set of events.filter(isPublished)) {
        const instant = set.stamp - optionsOf(set.reference).offset;
        for (const [modality, match] of set.matches) {
          const { offset, tolerance } = optionsOf(modality);
          if (modality === set.reference) continue;
          if (match.kind === 'window') assert.equal(match.end, instant + offset);
          else assert.ok(Math.abs(match.sample.stamp - instant - offset) <= tolerance!, `${modality} of ${set.stamp}`);
        }
      }
    });
  });

  it('carries the stamp of a sample of the reference', () => {
    check(({ events }, { inputs }) => {
      const stamps = new Set(
        inputs.map((input) => (input.kind === 'sample' ? `${input.modality} ${input.stamp}` : '')),
      );
      for (const set of events.filter(isOutcome)) assert.ok(stamps.has(`${set.reference} ${set.stamp}`));
    });
  });

  it('never waits past the deadline, and never uses a sample before it came', () => {
    check(({ events }, { options }) => {
      for (const set of events.filter(isOutcome)) {
        assert.ok(set.closed >= set.opened);
        assert.ok(set.closed <= set.opened + options.deadline, `waited ${(set.closed - set.opened) / MS} ms`);
        if (isPublished(set)) for (const sample of samplesOf(set)) assert.ok(sample.received <= set.closed);
      }
    });
  });

  it('says of each modality that it is there or why not', () => {
    check(({ events }, { options }) => {
      const modalities = options.streams.map(({ modality }) => modality).sort();
      for (const set of events.filter(isPublished)) {
        assert.deepEqual([...set.matches.keys(), ...set.absent.keys()].sort(), modalities);
        assert.equal(
          set.kind === 'complete',
          [...set.absent.values()].every((reason) => reason === 'disabled'),
        );
      }
    });
  });

  it('gives each packet of a window stream to one set, none from after its end', () => {
    check(({ events }) => {
      const given = new Set<number>();
      for (const set of events.filter(isPublished)) {
        for (const match of set.matches.values()) {
          if (match.kind !== 'window') continue;
          for (const packet of match.packets) {
            assert.ok(packet.stamp <= match.end);
            assert.ok(!given.has(packet.value), `packet ${packet.value} twice`);
            given.add(packet.value);
          }
        }
      }
    });
  });

  it('has one fate for every sample', () => {
    check(({ sync, events }, { inputs }) => {
      const used = new Set(events.filter(isPublished).flatMap((set) => samplesOf(set).map(({ value }) => value)));
      for (const { modality, counters, held } of sync.status().modalities) {
        const sent = inputs.filter((input) => input.kind === 'sample' && input.modality === modality);
        assert.equal(counters.received, sent.length);
        const { superseded, repeated, outOfOrder, ignored, cleared } = counters;
        assert.equal(
          counters.used + superseded + repeated + outOfOrder + ignored + cleared + held,
          sent.length,
          modality,
        );
        const usedHere = [...used].filter((index) => (inputs[index] as Input).modality === modality);
        assert.equal(counters.used, usedHere.length);
      }
    });
  });

  it('tells transitions without a gap', () => {
    check(({ sync, events }) => {
      for (const { modality, state, counters } of sync.status().modalities) {
        let last = 'waiting';
        let count = 0;
        for (const event of events) {
          if (event.kind !== 'transition' || event.modality !== modality) continue;
          assert.equal(event.from, last);
          last = event.to;
          count++;
        }
        assert.equal(last, state);
        assert.equal(counters.transitions, count);
      }
    });
  });

  it('never makes two sets for one instant when the reference changes', () => {
    check(({ events }, { options }) => {
      let last: { instant: number; reference: StreamOptions } | undefined;
      for (const event of events) {
        if (event.kind === 'reset') last = undefined;
        if (!isOutcome(event) || event.closedBy === 'reset') continue;
        const reference = options.streams.find(({ modality }) => modality === event.reference)!;
        const instant = event.stamp - reference.offset;
        if (last !== undefined && last.reference !== reference && last.reference.period && reference.period) {
          const isPaced = last.reference.match === 'nearest' && reference.match === 'nearest';
          const gap = Math.min(last.reference.period, reference.period) / 2;
          if (isPaced) assert.ok(instant - last.instant >= gap, `${instant - last.instant} < ${gap}`);
        }
        last = { instant, reference };
      }
    });
  });

  it('does not depend on how often, or how late, it is called', () => {
    const [visits] = fc.sample(fc.array(milliseconds(0, 5000), { minLength: 100, maxLength: 100 }), {
      seed: 1,
      numRuns: 1,
    });
    check(({ events }, drawn) => {
      assert.deepEqual(run(drawn, visits ?? []).events, events);
      assert.deepEqual(run(drawn, 'never').events, events);
    });
  });

  it('holds a bounded number of samples that nobody wants', () => {
    const stream = { offset: 0, necessity: 'optional', availability: 'enabled' } as const;
    const sync = new Synchronizer<number>({
      ...DEFAULT_THRESHOLDS,
      streams: [
        { modality: 'camera', match: 'nearest', ...stream },
        { modality: 'lidar', match: 'nearest', ...stream },
        { modality: 'events', match: 'window', ...stream },
      ],
      referencePriority: ['camera'],
    });
    for (let index = 0; index < 10_000; index++) {
      sync.push('lidar', index * MS, index, index * MS);
      sync.push('events', index * MS, index, index * MS);
      assert.ok(sync.advance(index * MS).every(({ kind }) => kind === 'transition' || kind === 'stalled'));
    }
    const [, lidar, events] = sync.status().modalities;
    assert.deepEqual([lidar?.held, events?.held], [32, 2048]);
    assert.deepEqual([lidar?.counters.superseded, events?.counters.superseded], [10_000 - 32, 10_000 - 2048]);
  });
});
