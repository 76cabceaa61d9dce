import {
  type FaultBinding,
  FaultInjector,
  type FaultSpec,
  faultTargets,
  parseFault,
  type Scenario,
} from '../faults/index.js';
import type { RawMessage, Stamp } from '../messages/index.js';
import { FaultLane } from './fault_lane.js';
import type { FaultRun, FaultSpan, FaultState } from './fault_state.js';

/** An answer to somebody who wants to change what fails. */
export type ControlOutcome = { kind: 'accepted' } | { kind: 'refused'; reason: string };

export interface FaultControlOptions {
  binding: FaultBinding;
  /** The same seed, scenario and messages give the same bytes. */
  seed: number;
  /** Time between the end of a scenario and the next one's second 0, ns. */
  pauseNs: bigint;
  /** A message of the modality is to be passed on now. */
  send: (modality: string, message: RawMessage) => void;
  /** A message was lost by something that should not happen. */
  problem: (text: string) => void;
}

/** What there is to say about faults, without the topics. */
export type FaultStatus = Omit<FaultState, 'topics' | 'problems'>;

/** Name of a run whose faults are set one by one. */
const MANUAL = 'manual';
/** Runs kept for whoever asks later. */
const MAX_RUNS = 50;
const ACCEPTED: ControlOutcome = { kind: 'accepted' };

/** Scenarios that are played one after another. */
interface Playlist {
  scenarios: readonly Scenario[];
  /** The one that is loaded; behind the last one when all have been played. */
  next: number;
  /** When it begins by itself; undefined where it waits for a trigger. */
  startsAt: Stamp | undefined;
}

/**
 * What fails on a live graph, and when: plays scenarios one after another, or holds single faults that are set and
 * cleared by hand, but not both at once, so that whatever is measured has one cause. No clock and no ROS: times are
 * passed in.
 */
export class FaultControl {
  readonly #options: FaultControlOptions;
  readonly #lanes: ReadonlyMap<string, FaultLane>;
  /** The faults of the scenario that is loaded, by modality. */
  readonly #armed = new Map<string, FaultInjector>();
  readonly #runs: FaultRun[] = [];
  #seed: number;
  #playlist: Playlist = { scenarios: [], next: 0, startsAt: undefined };
  #current: FaultRun | undefined;

  constructor(options: FaultControlOptions) {
    this.#options = options;
    this.#seed = options.seed;
    this.#lanes = new Map(
      [...options.binding.keys()].map((modality) => [
        modality,
        new FaultLane({ send: (message) => options.send(modality, message), problem: options.problem }),
      ]),
    );
  }

  get phase(): FaultState['phase'] {
    if (this.#current !== undefined) return this.#current.scenario === null ? 'manual' : 'running';
    const { scenarios, next } = this.#playlist;
    if (scenarios.length === 0) return 'idle';
    return next < scenarios.length ? 'armed' : 'done';
  }

  status(now: Stamp): FaultStatus {
    const { scenarios, next } = this.#playlist;
    return {
      formatVersion: 1,
      phase: this.phase,
      at: now,
      upcoming: scenarios.slice(next).map(({ name }) => name),
      active: (this.#current?.faults ?? [])
        .filter(({ from, to }) => from <= now && (to === null || now < to))
        .map(({ modality, fault, from }) => ({ modality, fault, since: from })),
      runs: this.#runs,
    };
  }

  /** Messages of a modality that were lost because its faults take longer than its sensor's period. */
  overruns(modality: string): number {
    return this.#lanes.get(modality)?.overruns ?? 0;
  }

  /** Passes a message of the modality on, unharmed or not, now or later or never. */
  receive(modality: string, message: RawMessage): void {
    this.#lanes.get(modality)?.receive(message);
  }

  /** Settles once everything received so far has left or is held back. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.settled()));
  }

  /** Lets go what is due, ends and begins scenarios whose time has come. To be called every few milliseconds. */
  advance(now: Stamp): void {
    for (const lane of this.#lanes.values()) lane.release(now);
    const end = this.#current === undefined ? undefined : endOf(this.#current);
    if (end !== undefined && now >= end) this.#finish(end, 'go-on');
    const { startsAt } = this.#playlist;
    if (this.#current === undefined && startsAt !== undefined && now >= startsAt) this.start(startsAt);
  }

  /**
   * Loads scenarios in place of those before; none at all unloads them.
   * @param startsAt - when the first one begins by itself, where it does
   */
  load(scenarios: readonly Scenario[], startsAt?: Stamp): ControlOutcome {
    if (this.#current !== undefined) return this.#busy('to load a scenario');
    try {
      // A scenario that does not fit is refused now, not when its turn has come.
      for (const scenario of scenarios) this.#injector(scenario, 'later');
    } catch (error) {
      return refused((error as Error).message);
    }
    this.#playlist = { scenarios, next: 0, startsAt };
    this.#arm();
    return ACCEPTED;
  }

  /** Faults of scenarios and faults that begin from now on draw from another seed. */
  reseed(seed: number): ControlOutcome {
    if (this.#current !== undefined) return this.#busy('to change the seed');
    this.#seed = seed;
    this.#arm();
    return ACCEPTED;
  }

  /** Begins the scenario that is loaded; the first one again where all have been played. */
  start(now: Stamp): ControlOutcome {
    if (this.#current !== undefined) return this.#busy('to start a scenario');
    const { scenarios } = this.#playlist;
    if (scenarios.length === 0) {
      return refused('Expected a loaded scenario to start but there is none: set the parameter scenario first.');
    }
    if (this.phase === 'done') {
      this.#playlist = { scenarios, next: 0, startsAt: undefined };
      this.#arm();
    }
    this.#playlist.startsAt = undefined;
    const scenario = scenarios[this.#playlist.next]!;
    for (const injector of this.#armed.values()) injector.start(now);
    this.#begin(scenario.name, scenario, now);
    for (const spec of scenario.faults) this.#addSpans(spec, now);
    return ACCEPTED;
  }

  /** Ends what fails at once, scenario or single faults, or keeps what is about to begin: it waits for a start. */
  stop(now: Stamp): ControlOutcome {
    const { startsAt } = this.#playlist;
    this.#playlist.startsAt = undefined;
    if (this.#current !== undefined) this.#finish(now, 'wait');
    else if (startsAt === undefined) return refused('Expected something that fails to stop but nothing does.');
    return ACCEPTED;
  }

  /**
   * Lets a sensor fail from now on, instead of how it failed before.
   * @param text - one line of YAML as {@link parseFault} takes it; empty clears the fault
   */
  setFault(modality: string, text: string, now: Stamp): ControlOutcome {
    if (this.phase === 'running') return this.#busy('to set a single fault');
    if (this.#playlist.startsAt !== undefined)
      return refused('Expected no scenario about to begin but one is: stop it first.');
    const lane = this.#lanes.get(modality);
    if (lane === undefined) {
      return refused(`Expected one of ${[...this.#lanes.keys()].join(', ')} to fail but received '${modality}'.`);
    }
    if (text.trim() === '') {
      this.#clearFault(modality, now);
      return ACCEPTED;
    }
    try {
      const spec = parseFault(text, modality, `fault.${modality}`);
      const injector = this.#injector({ name: MANUAL, faults: [spec] }, now);
      this.#closeSpans(modality, now);
      lane.install(injector);
      if (this.#current === undefined) this.#begin(MANUAL, null, now);
      this.#addSpans(spec, now);
      return ACCEPTED;
    } catch (error) {
      return refused((error as Error).message);
    }
  }

  #clearFault(modality: string, now: Stamp): void {
    if (this.#current === undefined) return;
    this.#closeSpans(modality, now);
    this.#lanes.get(modality)?.install(undefined);
    if (this.#current.faults.every(({ to }) => to !== null && to <= now)) this.#finish(now, 'wait');
  }

  #arm(): void {
    const { scenarios, next } = this.#playlist;
    const scenario = scenarios[next];
    this.#armed.clear();
    for (const [modality, lane] of this.#lanes) {
      // One injector a lane: none waits for another's pictures, and each draws the same numbers as in one for all.
      const injector = scenario && this.#injector(scenario, 'later');
      if (injector !== undefined) this.#armed.set(modality, injector);
      lane.install(injector);
    }
  }

  #injector({ name, faults }: Pick<Scenario, 'name' | 'faults'>, startStamp: Stamp | 'later'): FaultInjector {
    const { binding } = this.#options;
    const scenario: Scenario = { name, description: '', degradation: 'wanted', faults, expect: {} };
    return new FaultInjector({ scenario, binding, seed: this.#seed, startStamp });
  }

  #begin(name: string, scenario: Scenario | null, now: Stamp): void {
    this.#current = { name, scenario, seed: this.#seed, startedAt: now, endedAt: null, faults: [] };
    this.#runs.push(this.#current);
    if (this.#runs.length > MAX_RUNS) this.#runs.shift();
  }

  #addSpans(spec: FaultSpec, start: Stamp): void {
    for (const { modality, kind } of faultTargets(spec, this.#options.binding, MANUAL)) {
      const to = spec.until === undefined ? null : start + nanoseconds(spec.until);
      this.#current?.faults.push({ modality, fault: spec.fault, spec, kind, from: start + nanoseconds(spec.at), to });
    }
  }

  /** Ends what is in progress of a modality, or of all. */
  #closeSpans(modality: string | undefined, now: Stamp): void {
    if (this.#current === undefined) return;
    this.#current.faults = this.#current.faults.flatMap((span): FaultSpan[] => {
      if ((modality !== undefined && span.modality !== modality) || (span.to !== null && span.to <= now)) return [span];
      return span.from < now ? [{ ...span, to: now }] : [];
    });
  }

  /** @param then - whether the next scenario begins by itself */
  #finish(at: Stamp, then: 'go-on' | 'wait'): void {
    const run = this.#current;
    if (run === undefined) return;
    this.#closeSpans(undefined, at);
    run.endedAt = at;
    this.#current = undefined;
    const { scenarios, next } = this.#playlist;
    if (run.scenario !== null) {
      const hasMore = next + 1 < scenarios.length;
      const startsAt = then === 'go-on' && hasMore ? at + this.#options.pauseNs : undefined;
      this.#playlist = { scenarios, next: next + 1, startsAt };
    }
    this.#arm();
  }

  #busy(purpose: string): ControlOutcome {
    const { name } = this.#current!;
    const remedy = name === MANUAL ? 'clear the faults set by hand' : `stop ${name}`;
    return refused(`Expected nothing in progress ${purpose} but something fails already: ${remedy} first.`);
  }
}

/** When all faults of a run are over; undefined while one lasts until somebody ends it. */
function endOf({ faults }: FaultRun): Stamp | undefined {
  let last: Stamp | undefined;
  for (const { to } of faults) {
    if (to === null) return undefined;
    if (last === undefined || to > last) last = to;
  }
  return last;
}

function refused(reason: string): ControlOutcome {
  return { kind: 'refused', reason };
}

function nanoseconds(seconds: number): Stamp {
  return BigInt(Math.round(seconds * 1e9));
}
