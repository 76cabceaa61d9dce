import type { BagReader } from '../../bags/index.js';
import type { Bundle } from '../../model/index.js';
import {
  type PipelineConfig,
  selectTopics,
  type TopicAssignment,
  type TopicContent,
  type TopicSelection,
  topicConfiguration,
} from '../../pipeline/index.js';
import { surveyTopics } from '../../replay/index.js';
import type { Problem } from '../../report/index.js';
import { type ConfiguredCalibration, describeSensorNotice, SCALE_SETTINGS } from '../../sensors/index.js';
import { type DryRun, dryRun } from './dry_run.js';
import type { InspectedFrame } from './frame_tree.js';
import { type Measurements, measureBag } from './measure.js';
import type { Rate } from './rate_meter.js';
import { inspectSensor, type SensorInspection } from './sensor_inspection.js';
import { baseFrameFinding, transformProblems } from './transform_problems.js';

/** One topic of a bag as `inspect` shows it. */
export interface InspectedTopic {
  name: string;
  type: string;
  serialization: string;
  /** Undefined where the bag does not say. */
  count: number | undefined;
  /** Undefined with fewer than two messages. */
  rate: Rate | undefined;
  /** What its first message says, for the types the core reads. */
  content: TopicContent | undefined;
  /** What a replay would use it for, such as `camera` or `CameraInfo of depth`. */
  use: string | undefined;
}

/** What `inspect` finds out about a bag; written as it is by `--json`. */
export interface BagInspection {
  kind: 'bag';
  path: string;
  storage: string;
  files: readonly string[];
  durationSeconds: number;
  messageCount: number | undefined;
  /** Seconds from the start in which rates were measured: long bags are not read to the end. */
  measuredSeconds: number;
  topics: InspectedTopic[];
  /** By modality of the model, in its order. */
  modalities: Record<string, TopicAssignment>;
  /** By modality: how it fared in a dry run, and what was found out about it. */
  sensors: Record<string, SensorInspection>;
  /** Scales that were found out, by the names of the settings that fix them. */
  scales: { modality: string; setting: string; value: number; because: string }[];
  /** Of the first seconds: sets of sensors, and those that could not be made, by the reason. */
  dryRun: { seconds: number; frames: number; dropped: Record<string, number> };
  /** All frames of the transforms. */
  frames: InspectedFrame[];
  /** The frame heights are measured in, whether it is there, and which one looks like it. */
  baseFrame: { name: string; isThere: boolean; likely: string | undefined };
  groundTruth: TopicSelection['groundTruth'];
  problems: string[];
  /** What to do about the problems, each said once. */
  toDo: string[];
}

/** What a bag is inspected for: a model and the configuration of a replay. */
export interface InspectionTarget {
  bundle: Bundle;
  config: PipelineConfig;
  /** Calibration that the configuration names, read. */
  configured: ConfiguredCalibration;
  /** So long a stretch is decoded. */
  seconds: number;
}

/** Looks at the first message of every topic, measures the first minute, and plays the first seconds without the model. */
export async function inspectBag(bag: BagReader, target: InspectionTarget): Promise<BagInspection> {
  const { info } = bag;
  const { bundle, config, configured } = target;
  const candidates = await surveyTopics(bag);
  const contents = new Map<string, TopicContent>();
  for (const { name, content } of candidates) if (content) contents.set(name, content);
  const selection = selectTopics(candidates, bundle.modalities, topicConfiguration(config));
  const measured = await measureBag(bag, selection, configured);
  const run = await play(bag, selection, target);
  const topics = info.topics.map(({ name, type, serialization, count }) => ({
    name,
    type,
    serialization,
    count,
    rate: measured.topics.get(name)?.rate(),
    content: contents.get(name),
    use: useOf(name, selection),
  }));
  const context = { selection, contents, measured, run, config, configured };
  const sensors = Object.fromEntries(bundle.modalities.map(({ name }) => [name, inspectSensor(name, context)]));
  const baseFrame = baseFrameFinding(context);
  const transforms = transformProblems(context, baseFrame);
  const findings = [...run.problems.map(sentence), ...transforms.problems];
  return {
    kind: 'bag',
    path: info.path,
    storage: info.storage,
    files: info.files,
    durationSeconds: info.durationSeconds,
    messageCount: info.messageCount,
    measuredSeconds: measured.seconds,
    topics,
    modalities: Object.fromEntries(selection.modalities),
    sensors,
    scales: scalesOf(run),
    dryRun: { seconds: run.seconds, frames: run.frames, dropped: Object.fromEntries(run.dropped) },
    frames: measured.frames.list(),
    baseFrame,
    groundTruth: selection.groundTruth,
    problems: unique([
      ...info.problems,
      ...selection.problems,
      ...Object.entries(sensors).flatMap(([name, { warnings, reasons }]) => [
        ...warnings,
        ...reasons.filter(({ code }) => code === 'in-no-frame').map(({ text }) => `${name}: ${text}.`),
      ]),
      ...findings,
      ...[...run.dropped].map(([reason, count]) => `${count} of the first frames get no mask: ${reason}.`),
      ...unreadable(topics),
    ]),
    toDo: unique([
      ...Object.values(sensors).flatMap(({ toDo }) => toDo),
      ...run.problems.flatMap(({ modality, advice }) => (modality === undefined && advice ? [advice] : [])),
      ...transforms.toDo,
    ]),
  };
}

/** A dry run over the start of the bag, and one more where sensors begin later. */
async function play(bag: BagReader, selection: TopicSelection, target: InspectionTarget): Promise<DryRun> {
  const source = { bag, selection, ...target };
  const run = await dryRun(source, target.seconds, 'first');
  const late = [...selection.modalities].flatMap(([name, input]) =>
    input.kind === 'assigned' && run.sensors.get(name)?.messages === 0 ? [input.topic] : [],
  );
  if (late.length === 0) return run;
  const later = await dryRun(source, target.seconds, new Set(late));
  const sensors = new Map(run.sensors);
  for (const [name, sensor] of later.sensors) if (sensors.get(name)?.messages === 0) sensors.set(name, sensor);
  const problems = later.problems.filter(({ text }) => !run.problems.some((known) => known.text === text));
  const told = new Set(run.notices.map(describeSensorNotice));
  const notices = later.notices.filter((notice) => !told.has(describeSensorNotice(notice)));
  return {
    ...run,
    sensors,
    lateTopics: new Set(late),
    problems: [...run.problems, ...problems],
    notices: [...run.notices, ...notices],
  };
}

function scalesOf({ notices }: DryRun): BagInspection['scales'] {
  return notices.flatMap((notice) => {
    if (notice.code !== 'scale-found') return [];
    const { modality, quantity, value, because } = notice;
    return [{ modality, setting: SCALE_SETTINGS[quantity], value, because }];
  });
}

function useOf(topic: string, { modalities, groundTruth, transforms }: TopicSelection): string | undefined {
  for (const [name, assignment] of modalities) {
    if (assignment.kind === 'assigned' && assignment.topic === topic) return name;
    if (assignment.cameraInfo === topic) return `CameraInfo of ${name}`;
  }
  if (groundTruth?.topic === topic) return 'ground truth';
  if (transforms.static.includes(topic) || transforms.dynamic.includes(topic)) return 'transforms';
  return undefined;
}

function unreadable(topics: readonly InspectedTopic[]): string[] {
  return topics.flatMap(({ name, content }) =>
    content?.kind === 'unreadable' ? [`First message of ${name}: ${content.reason}`] : [],
  );
}

function sentence({ text, count }: Problem): string {
  return `${text}${count > 1 ? ` (${count} times)` : ''}.`.replace(/\.\.$/, '.');
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** What the parts of an inspection look at together. */
export interface InspectionContext {
  selection: TopicSelection;
  contents: ReadonlyMap<string, TopicContent>;
  measured: Measurements;
  run: DryRun;
  config: PipelineConfig;
  configured: ConfiguredCalibration;
}
