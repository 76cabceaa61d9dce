import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BagReader, openBag } from '../bags/index.js';
import type { Stamp } from '../messages/index.js';
import { type Bundle, loadBundle, type ProviderRequest, Segmenter } from '../model/index.js';
import {
  createPipeline,
  type Pipeline,
  type PipelineConfig,
  selectTopics,
  type TopicSelection,
  topicConfiguration,
} from '../pipeline/index.js';
import { ReplayRecorder, type ReplaySummary, writeReplayReport } from '../report/index.js';
import { MaskBag } from './mask_bag.js';
import { ReplayRecording } from './replay_recording.js';
import { surveyTopics } from './survey_topics.js';

export interface ReplayOptions {
  bag: string;
  model: string;
  /** Folder for masks.mcap, summary.json and report.html; made if need be. */
  out: string;
  config: PipelineConfig;
  provider: ProviderRequest;
  /** CPU threads of the model. */
  threads?: number;
  /**
   * `max`: as fast as it goes, every set becomes a mask, the same on every run. `realtime`: at the pace of the bag, as
   * live sensors would deliver it; sets the model is too slow for are dropped and counted.
   */
  rate: 'max' | 'realtime';
  onProgress?: (progress: ReplayProgress) => void;
}

export interface ReplayProgress {
  /** Of the bag's time, 0..1. */
  fraction: number;
  masks: number;
}

export interface ReplayOutputs {
  summary: ReplaySummary;
  paths: { masks: string; summary: string; report: string };
}

/** Topic on which the simulator says which condition it drives under; only simulated bags have it. */
export const CONDITION_TOPIC = '/simulation/condition';

/**
 * Replays a bag through the pipeline in the bag's own time and writes masks, scores and a report.
 * @throws Error with one sentence when bag, bundle or configuration cannot be used, or nothing in the bag is an input
 */
export async function replayBag(options: ReplayOptions): Promise<ReplayOutputs> {
  const bundle = await loadBundle(options.model);
  const bag = await openBag(options.bag);
  try {
    const selection = selectTopics(await surveyTopics(bag), bundle.modalities, topicConfiguration(options.config));
    requireInput(selection, options.bag);
    await mkdir(options.out, { recursive: true });
    const { provider, threads } = options;
    const segmenter = await Segmenter.create(bundle, { provider, ...(threads !== undefined && { threads }) });
    try {
      return await replayInto(options, { bundle, bag, selection, segmenter });
    } finally {
      await segmenter.close();
    }
  } finally {
    await bag.close();
  }
}

interface Run {
  bundle: Bundle;
  bag: BagReader;
  selection: TopicSelection;
  segmenter: Segmenter;
}

async function replayInto(options: ReplayOptions, run: Run): Promise<ReplayOutputs> {
  const { bundle, bag, selection, segmenter } = run;
  const { config } = options;
  const recorder = createRecorder(options, run);
  for (const problem of selection.problems) recorder.problem('warning', problem);
  const maskPath = join(options.out, 'masks.mcap');
  const masks = await MaskBag.create(maskPath, bundle);
  const recording = new ReplayRecording({
    recorder,
    masks,
    groundTruth: selection.groundTruth === undefined ? 'absent' : 'present',
    cameraModality: bundle.modalities.find(({ representation }) => representation.kind === 'rgb')?.name,
  });
  const backpressure = options.rate === 'max' ? 'wait' : 'newest';
  const pipeline = createPipeline({ bundle, selection, config, segmenter, sink: recording, backpressure });

  const start = performance.now();
  try {
    await feed(options, run, pipeline, recording, masks);
    await pipeline.settle();
    await recording.finish();
  } finally {
    await masks.close();
  }
  for (const problem of bag.info.problems) recorder.problem('error', problem);
  for (const { modality, counters } of pipeline.status().modalities) {
    const { received, used, invalid } = counters;
    recorder.messages(modality, 'received', received + invalid);
    recorder.messages(modality, 'used', used);
    recorder.messages(modality, 'invalid', invalid);
    recorder.messages(modality, 'dropped', received - used);
  }
  const wallSeconds = (performance.now() - start) / 1000;
  const result = recorder.finish({ wallSeconds, bagSeconds: bag.info.durationSeconds });
  const { summaryPath, reportPath } = await writeReplayReport(options.out, result);
  return { summary: result.summary, paths: { masks: maskPath, summary: summaryPath, report: reportPath } };
}

/** Passes every message on at its time, and wakes the pipeline for what falls due in between. */
async function feed(
  options: ReplayOptions,
  { bag, selection, bundle }: Run,
  pipeline: Pipeline,
  recording: ReplayRecording,
  masks: MaskBag,
): Promise<void> {
  const copied = copiedTopics(selection, bundle);
  const { start = 0n, end = 0n } = bag.info;
  const pace = options.rate === 'realtime' ? new Pace() : undefined;
  const due = pipeline.nextWakeUp.bind(pipeline);
  const at = async (stamp: Stamp): Promise<void> => {
    await pace?.until(stamp);
    recording.now = stamp;
  };
  for await (const raw of bag.messages({ topics: readTopics(selection, bag) })) {
    for (let wake = due(); wake !== undefined && wake < raw.receiveStamp; wake = due()) {
      await at(wake);
      await pipeline.advanceTo(wake);
    }
    await at(raw.receiveStamp);
    if (copied.has(raw.topic)) await masks.copy(raw);
    if (raw.topic === selection.groundTruth?.topic) await recording.groundTruth(raw);
    else if (raw.topic === CONDITION_TOPIC) recording.condition(raw);
    else await pipeline.receive(raw);
    const fraction = Number(raw.receiveStamp - start) / Math.max(1, Number(end - start));
    options.onProgress?.({ fraction, masks: recording.masks });
  }
  // Sets that still wait get their deadline; silence after the end of the bag is nobody's fault.
  const lastDeadline = BigInt(Math.round(options.config.sync.deadlineMs * 1e6));
  for (let wake = due(); wake !== undefined && wake <= end + lastDeadline; wake = due()) {
    if (pipeline.status().open === 0) break;
    await at(wake);
    await pipeline.advanceTo(wake);
  }
}

/** Keeps the pace of the bag: the first stamp is now. */
class Pace {
  #offsetMs: number | undefined;

  async until(stamp: Stamp): Promise<void> {
    const stampMs = Number(stamp / 1000n) / 1000;
    this.#offsetMs ??= performance.now() - stampMs;
    const wait = stampMs + this.#offsetMs - performance.now();
    // Timers are not finer than this, and a bag has thousands of messages a second.
    if (wait > 1) await sleep(wait);
  }
}

function createRecorder(options: ReplayOptions, { bundle, bag, selection, segmenter }: Run): ReplayRecorder {
  const { start } = bag.info;
  const topics = new Map<string, string>();
  for (const [modality, assignment] of selection.modalities) {
    if (assignment.kind === 'assigned') topics.set(modality, assignment.topic);
  }
  const isSimulated = bag.info.topics.some(({ name }) => name === CONDITION_TOPIC);
  const { deadlineMs, dropSilenceMs } = options.config.sync;
  return new ReplayRecorder({
    bag: { path: options.bag, name: basename(options.bag), source: isSimulated ? 'simulation' : 'recording' },
    model: { name: bundle.name, sha256: bundle.sha256, trainedOn: trainedOn(bundle) },
    modalities: bundle.modalities.map(({ name }) => name),
    classes: bundle.classes,
    provider: segmenter.selection.provider,
    topics,
    ...(start !== undefined && { startStamp: start }),
    settings: { rate: options.rate, encodeMode: segmenter.selection.encodeMode, deadlineMs, dropSilenceMs },
  });
}

function trainedOn(bundle: Bundle): string {
  const { data } = bundle.training as { data?: unknown };
  return typeof data === 'string' ? data : 'unknown data';
}

function requireInput({ modalities, problems }: TopicSelection, path: string): void {
  if ([...modalities.values()].some(({ kind }) => kind === 'assigned')) return;
  const names = [...modalities.keys()].join(', ');
  throw new Error(
    `Expected messages for some of ${names} in ${path} but received none: ${problems.join(' ')} ` +
      'See what the bag holds with "mle-sam inspect".',
  );
}

function readTopics({ modalities, transforms, groundTruth }: TopicSelection, bag: BagReader): string[] {
  const inputs = [...modalities.values()].filter((assignment) => assignment.kind === 'assigned');
  const infos = bag.info.topics.filter(({ type }) => type === 'sensor_msgs/msg/CameraInfo').map(({ name }) => name);
  return [
    ...inputs.map(({ topic }) => topic),
    ...infos,
    ...transforms.static,
    ...transforms.dynamic,
    ...(groundTruth ? [groundTruth.topic] : []),
    CONDITION_TOPIC,
  ];
}

/** What goes into masks.mcap unchanged: the camera with its calibration, and the frames. */
function copiedTopics({ modalities, transforms }: TopicSelection, bundle: Bundle): Set<string> {
  const copied = new Set([...transforms.static, ...transforms.dynamic]);
  for (const { name, representation } of bundle.modalities) {
    const assignment = modalities.get(name);
    if (representation.kind !== 'rgb' || assignment?.kind !== 'assigned') continue;
    copied.add(assignment.topic);
    if (assignment.cameraInfo !== undefined) copied.add(assignment.cameraInfo);
  }
  return copied;
}
