import { basename } from 'node:path';
import type { FrameCounts } from '../evaluation/index.js';
import { type FaultBinding, injectFaults, type Scenario } from '../faults/index.js';
import type { RawMessage, Stamp } from '../messages/index.js';
import { essentialModalities, type PipelineConfig, roleOf } from '../pipeline/index.js';
import { ownValue } from '../records/own_value.js';
import {
  isSimulated,
  type MeasuredSource,
  type MessageTransform,
  type ModelsOfSource,
  needsOf,
  type ReplaySource,
  type RunSource,
  runPipeline,
  sensorsOf,
  truthClasses,
} from '../replay/index.js';
import { type Problem, ProblemList } from '../report/index.js';
import { type FaultWindow, faultWindow } from './fault_window.js';
import { PictureTaker, type ScenarioPictures } from './pictures.js';
import { type RecordingOptions, type RunRecord, RunRecording } from './run_record.js';
import { reportScenario, type ScenarioReport, secondsBetween } from './scenario_report.js';

/** What is the same in the report of every scenario of a bag. Holds no wall time. */
export interface DropoutHead {
  formatVersion: 1;
  bag: { name: string; seconds: number; source: 'simulation' | 'recording' };
  model: { name: string; sha256: string };
  /** Models that stood by for it, best first; absent where there were none. */
  fallbacks?: { name: string; sha256: string }[];
  provider: string;
  seed: number;
  cleanMasks: number;
  /** Names of scenarios that strike sensors which the model does not take, where these are left out. */
  leftOut?: string[];
}

export interface SessionOptions {
  scenarios: readonly Scenario[];
  seed: number;
  /** Only so much of the bag is replayed; all of it where absent. */
  seconds?: number;
  /** Ends the work before its time. */
  signal?: AbortSignal;
  /**
   * What is done with a scenario that strikes a sensor which the model does not take. Default: `refused`. Where several
   * models are compared it is `left-out` for those that it does not concern.
   */
  strangers?: 'refused' | 'left-out';
}

/** A bag and a model, and where a test wants one, another synchroniser. */
export type DropoutSource = MeasuredSource & Pick<RunSource, 'createSynchronizer'>;

/** What came of one scenario: nothing of it depends on the others. */
export interface ScenarioOutcome {
  report: ScenarioReport;
  /** What could not be made to fail. */
  problems: Problem[];
  pictures: ScenarioPictures;
  /** Exact counts of each frame under the fault that was scored; condition: the scenario, case: the drive's condition. */
  frames: FrameCounts[];
}

/**
 * A bag that scenarios are run on: once as it is, at the start, then under each scenario that is asked for, and once
 * without each set of sensors that one of these lets fail.
 */
export class DropoutSession {
  /** Those that are run; all were checked at the start. */
  readonly scenarios: readonly Scenario[];
  /** Of the clean run. */
  readonly problems: readonly Problem[];
  readonly #source: DropoutSource;
  readonly #options: SessionOptions;
  readonly #binding: FaultBinding;
  readonly #clean: RunRecord;
  readonly #windows: ReadonlyMap<string, FaultWindow>;
  /** Runs without sensors, by {@link #lossOf}. */
  readonly #without = new Map<string, RunRecord>();

  private constructor(
    source: DropoutSource,
    options: SessionOptions,
    { scenarios, clean, problems }: { scenarios: readonly Scenario[]; clean: RunRecord; problems: Problem[] },
  ) {
    this.#source = source;
    this.#options = options;
    this.#binding = faultBinding(source);
    this.#clean = clean;
    this.scenarios = scenarios;
    this.problems = problems;
    this.#windows = new Map(scenarios.map((scenario) => [scenario.name, faultWindow(scenario, this.#binding, clean)]));
  }

  /**
   * Runs the bag as it is, and checks all scenarios before the first one costs its time.
   * @throws Error with one sentence where a scenario does not fit the bag or the bundle, and what ends the clean run
   */
  static async start(source: DropoutSource, options: SessionOptions): Promise<DropoutSession> {
    const binding = faultBinding(source);
    const scenarios = options.scenarios.filter((scenario) => !isLeftOut(scenario, options, binding));
    const problems = new ProblemList();
    const clean = await record(source, { ...limits(options), groundTruth: 'kept', problems });
    return new DropoutSession(source, options, { scenarios, clean, problems: problems.list() });
  }

  /** The sets of sensors that scenarios let fail. Nothing is left to compare with where all sensors fail. */
  get losses(): string[][] {
    const losses = new Map<string, string[]>();
    for (const { affected } of this.#windows.values()) {
      if (affected.size < this.#binding.size) losses.set(this.#lossOf(affected), [...affected]);
    }
    return [...losses.values()];
  }

  /** Runs the bag without sensors, unless that was done. */
  async runWithout(modalities: readonly string[]): Promise<RunRecord> {
    const key = this.#lossOf(new Set(modalities));
    const known = this.#without.get(key);
    if (known !== undefined) return known;
    const config = withoutModalities(this.#source.config, modalities);
    const run = await record({ ...this.#source, config }, { ...limits(this.#options), groundTruth: 'ignored' });
    this.#without.set(key, run);
    return run;
  }

  /** Runs the bag under a scenario and compares. */
  async run(scenario: Scenario): Promise<ScenarioOutcome> {
    const source = this.#source;
    const clean = this.#clean;
    const window = this.#windows.get(scenario.name)!;
    const isAll = window.affected.size >= this.#binding.size;
    const absent = isAll ? undefined : await this.runWithout([...window.affected]);
    const taker = new PictureTaker(window, sensorsOf(source), source.bundle.classes);
    const problems = new ProblemList();
    const faulty = await record(source, {
      ...limits(this.#options),
      groundTruth: 'ignored',
      onMask: (frame) => taker.see(frame),
      transform: (messages) =>
        injectFaults(messages, {
          scenario,
          binding: this.#binding,
          seed: this.#options.seed,
          startStamp: clean.span.first,
          onProblem: (text, at) => problems.add('warning', `Scenario ${scenario.name}: ${text}`, at),
        }),
    });
    const frames: FrameCounts[] = [];
    const report = reportScenario(source, scenario, window, { clean, faulty, absent }, (mask, counts) =>
      frames.push({
        name: `${scenario.name}/${mask.stamp}`,
        condition: scenario.name,
        case: mask.condition ?? 'none',
        counts,
      }),
    );
    return { report, problems: problems.list(), pictures: await taker.finish(clean), frames };
  }

  /** What the reports of all scenarios share. */
  head(): DropoutHead {
    const { bag, bundle, segmenter, fallbacks } = this.#source;
    const { scenarios, seed } = this.#options;
    const leftOut = scenarios.filter((each) => isLeftOut(each, this.#options, this.#binding)).map(({ name }) => name);
    return {
      formatVersion: 1,
      bag: {
        name: basename(bag.info.path),
        seconds: secondsBetween(this.#clean.span.first, this.#clean.span.last),
        source: isSimulated(bag.info) ? 'simulation' : 'recording',
      },
      model: { name: bundle.name, sha256: bundle.sha256 },
      ...(fallbacks.length > 0 && {
        fallbacks: fallbacks.map(({ bundle: { name, sha256 } }) => ({ name, sha256 })),
      }),
      provider: segmenter.selection.provider,
      seed,
      cleanMasks: this.#clean.masks.length,
      ...(leftOut.length > 0 && { leftOut }),
    };
  }

  /** What was found about the bag and the machine until now, one sentence each. */
  incidents(): string[] {
    return [...this.#source.bag.info.problems, ...this.#source.incidents];
  }

  #lossOf(affected: ReadonlySet<string>): string {
    return [...this.#binding.keys()].filter((modality) => affected.has(modality)).join();
  }
}

function limits({ seconds = Number.POSITIVE_INFINITY, signal }: SessionOptions) {
  return { seconds, signal };
}

function isLeftOut(scenario: Scenario, { strangers }: SessionOptions, binding: FaultBinding): boolean {
  return strangers === 'left-out' && !fits(scenario, binding);
}

/** Whether all sensors that a scenario names are there. */
function fits({ faults }: Scenario, binding: FaultBinding): boolean {
  return faults.flatMap(({ modality }) => modality).every((name) => name === 'all' || binding.has(name));
}

/** Which topics faults act on, and what kind of sensor sends there. */
export function faultBinding(source: ModelsOfSource & Pick<ReplaySource, 'selection'>): FaultBinding {
  return new Map(
    sensorsOf(source).flatMap(({ name, representation }) => {
      const assignment = source.selection.modalities.get(name);
      const kind = roleOf(representation);
      if (assignment?.kind !== 'assigned' || kind === 'ground-truth') return [];
      const { topic, cameraInfo } = assignment;
      return [[name, { topic, kind, ...(cameraInfo !== undefined && { infoTopic: cameraInfo }) }] as const];
    }),
  );
}

interface Recorded extends Pick<RecordingOptions, 'groundTruth' | 'onMask' | 'problems'> {
  signal: AbortSignal | undefined;
  seconds: number;
  transform?: MessageTransform;
}

async function record(source: DropoutSource, { seconds, transform, signal, ...options }: Recorded): Promise<RunRecord> {
  const modalityByTopic = new Map([...faultBinding(source)].map(([name, { topic }]) => [topic, name]));
  const { note, ...truth } = truthClasses(source.bundle, source.bag.info);
  if (note !== undefined && source.selection.groundTruth !== undefined) {
    options.problems?.add('warning', note, undefined, { code: 'ground-truth' });
  }
  const modalities = sensorsOf(source).map(({ name }) => name);
  const essential = essentialModalities(source.config);
  const models = needsOf(source);
  const listener = new RunRecording({ modalityByTopic, modalities, essential, models, ...truth, ...options });
  await runPipeline(source, {
    rate: 'max',
    ...(signal && { signal }),
    listener,
    onMessage: (raw) => listener.received(raw),
    transform: (messages) => {
      const first = firstSeconds(messages, seconds);
      return transform === undefined ? first : transform(first);
    },
  });
  // A part of a run says nothing about a scenario.
  signal?.throwIfAborted();
  return listener.record();
}

/** The messages received within so many seconds of the first. */
async function* firstSeconds(messages: AsyncIterable<RawMessage>, seconds: number): AsyncGenerator<RawMessage> {
  let start: Stamp | undefined;
  for await (const message of messages) {
    start ??= message.receiveStamp;
    if (secondsBetween(start, message.receiveStamp) > seconds) return;
    yield message;
  }
}

/** The configuration with modalities switched off; none of them can be essential then. */
function withoutModalities(config: PipelineConfig, modalities: readonly string[]): PipelineConfig {
  const streams = { ...config.sync.streams };
  for (const name of modalities) {
    streams[name] = { offsetMs: 0, ...ownValue(streams, name), availability: 'disabled', necessity: 'optional' };
  }
  return { ...config, sync: { ...config.sync, streams } };
}
