import { basename } from 'node:path';
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
import { printable } from '../text/index.js';
import { faultWindow } from './fault_window.js';
import { PictureTaker, type ScenarioPictures } from './pictures.js';
import { type RecordingOptions, type RunRecord, RunRecording } from './run_record.js';
import { reportScenario, type ScenarioReport, secondsBetween } from './scenario_report.js';

/** `dropout.json`. Holds no wall time, so that the same run gives the same bytes. */
export interface DropoutReport {
  formatVersion: 1;
  /** True where not all runs were made: `scenarios` holds those that were. */
  partial: boolean;
  partialBecause?: string;
  bag: { name: string; seconds: number; source: 'simulation' | 'recording' };
  model: { name: string; sha256: string };
  /** Models that stood by for it, best first; absent where there were none. */
  fallbacks?: { name: string; sha256: string }[];
  provider: string;
  seed: number;
  cleanMasks: number;
  scenarios: ScenarioReport[];
  /** Names of scenarios that strike sensors which the model does not take, where these are left out. */
  leftOut?: string[];
  /** Of the bag and of the clean run; under faults, what could not be made to fail. */
  problems: Problem[];
}

export interface DropoutOptions {
  scenarios: readonly Scenario[];
  seed: number;
  /** Only so much of the bag is replayed; all of it where absent. */
  seconds?: number;
  /** Ends the work before its time; scenarios that were run until then are reported. */
  signal?: AbortSignal;
  /**
   * What is done with a scenario that strikes a sensor which the model does not take. Default: `refused`. Where several
   * models are compared it is `left-out` for those that it does not concern.
   */
  strangers?: 'refused' | 'left-out';
  /** Called before each run. */
  onRun?: (name: string, done: number, total: number) => void;
}

/** A bag and a model, and where a test wants one, another synchroniser. */
export type DropoutSource = MeasuredSource & Pick<RunSource, 'createSynchronizer'>;

export interface DropoutOutcome {
  report: DropoutReport;
  pictures: ReadonlyMap<string, ScenarioPictures>;
  /** What ended the work early; what there was until then is reported. */
  failure?: { error: unknown };
}

/**
 * Runs a bag through the pipeline once as it is, once under each scenario, and once without each set of sensors that a
 * scenario lets fail, and compares. Deterministic: the same bag, bundle, scenarios and seed give the same report.
 * What ends the work after the clean run leaves the scenarios that were run, in a report that says `partial` and why.
 * @throws Error with one sentence where a scenario does not fit the bag or the bundle, and what ends the clean run
 */
export async function runDropout(source: DropoutSource, options: DropoutOptions): Promise<DropoutOutcome> {
  const { seed, seconds = Number.POSITIVE_INFINITY, onRun = () => undefined, signal } = options;
  const { bag, bundle, segmenter } = source;
  const binding = faultBinding(source);
  const isLeftOut = (scenario: Scenario) => options.strangers === 'left-out' && !fits(scenario, binding);
  const leftOut = options.scenarios.filter(isLeftOut).map(({ name }) => name);
  const scenarios = options.scenarios.filter((scenario) => !isLeftOut(scenario));
  // Nothing is left to compare with where all sensors fail.
  const losses = new Map<string, string[]>();
  const lossOf = (affected: ReadonlySet<string>): string => [...binding.keys()].filter((m) => affected.has(m)).join();
  const total = () => 1 + losses.size + scenarios.length;
  onRun('clean run', 0, total());
  const problems = new ProblemList();
  const clean = await record(source, { seconds, groundTruth: 'kept', problems, signal });
  // All scenarios are checked before the first one costs its time.
  const windows = scenarios.map((scenario) => faultWindow(scenario, binding, clean));
  for (const { affected } of windows) if (affected.size < binding.size) losses.set(lossOf(affected), [...affected]);
  const reports: ScenarioReport[] = [];
  const pictures = new Map<string, ScenarioPictures>();
  const absent = new Map<string, RunRecord>();
  const runAll = async (): Promise<void> => {
    for (const [key, modalities] of losses) {
      onRun(`without ${modalities.join(', ')}`, 1 + absent.size, total());
      const config = withoutModalities(source.config, modalities);
      absent.set(key, await record({ ...source, config }, { seconds, groundTruth: 'ignored', signal }));
    }
    for (const [index, scenario] of scenarios.entries()) {
      onRun(scenario.name, 1 + losses.size + index, total());
      const window = windows[index]!;
      const taker = new PictureTaker(window, sensorsOf(source), bundle.classes);
      const faulty = await record(source, {
        seconds,
        signal,
        groundTruth: 'ignored',
        onMask: (frame) => taker.see(frame),
        transform: (messages) =>
          injectFaults(messages, {
            scenario,
            binding,
            seed,
            startStamp: clean.span.first,
            onProblem: (text, at) => problems.add('warning', `Scenario ${scenario.name}: ${text}`, at),
          }),
      });
      const runs = { clean, faulty, absent: absent.get(lossOf(window.affected)) };
      reports.push(reportScenario(source, scenario, window, runs));
      pictures.set(scenario.name, await taker.finish(clean));
    }
  };
  let failure: DropoutOutcome['failure'];
  try {
    await runAll();
  } catch (error) {
    failure = { error };
  }
  for (const problem of [...bag.info.problems, ...source.incidents]) problems.add('error', problem);
  return {
    report: {
      formatVersion: 1,
      partial: failure !== undefined,
      ...(failure && { partialBecause: printable(messageOf(failure.error)) }),
      bag: {
        name: basename(bag.info.path),
        seconds: secondsBetween(clean.span.first, clean.span.last),
        source: isSimulated(bag.info) ? 'simulation' : 'recording',
      },
      model: { name: bundle.name, sha256: bundle.sha256 },
      ...(source.fallbacks.length > 0 && {
        fallbacks: source.fallbacks.map(({ bundle: { name, sha256 } }) => ({ name, sha256 })),
      }),
      provider: segmenter.selection.provider,
      seed,
      cleanMasks: clean.masks.length,
      scenarios: reports,
      ...(leftOut.length > 0 && { leftOut }),
      problems: problems.list(),
    },
    pictures,
    ...(failure && { failure }),
  };
}

/** Whether all sensors that a scenario names are there. */
function fits({ faults }: Scenario, binding: FaultBinding): boolean {
  return faults.flatMap(({ modality }) => modality).every((name) => name === 'all' || binding.has(name));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
