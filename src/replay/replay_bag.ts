import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type BagInfo, type BagReader, openBag } from '../bags/index.js';
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
import { type Player, playBag } from './play_bag.js';
import { ReplayRecording } from './replay_recording.js';
import { CONDITION_TOPIC, copiedTopics, isSimulated, replayedTopics, requireInput } from './replay_topics.js';
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
  /** Another entry of the model's worker thread; tests pass one that fails. */
  workerEntry?: URL;
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

/**
 * Replays a bag through the pipeline in the bag's own time and writes masks, scores and a report.
 * @throws Error with one sentence when bag, bundle or configuration cannot be used, or nothing in the bag is an input
 */
export async function replayBag(options: ReplayOptions): Promise<ReplayOutputs> {
  const bundle = await loadBundle(options.model);
  const bag = await openBag(options.bag);
  try {
    const selection = selectTopics(await surveyTopics(bag), bundle.modalities, topicConfiguration(options.config));
    requireInput(selection, bag.info);
    await mkdir(options.out, { recursive: true });
    await requireUntouchedInput(bag.info, join(options.out, MASKS));
    const { provider, threads, workerEntry } = options;
    const incidents: string[] = [];
    const segmenter = await Segmenter.create(bundle, {
      provider,
      ...(threads !== undefined && { threads }),
      ...(workerEntry && { workerEntry }),
      onEvent: (event) => {
        if (event.kind === 'exited') incidents.push(`The inference worker ended and was restarted: ${event.reason}`);
      },
    });
    try {
      return await replayInto(options, { bundle, bag, selection, segmenter, incidents });
    } finally {
      await segmenter.close();
    }
  } finally {
    await bag.close();
  }
}

const MASKS = 'masks.mcap';

/** @throws Error where the masks would be written over the very bag they are made from */
async function requireUntouchedInput({ files }: BagInfo, masks: string): Promise<void> {
  const target = await realpath(masks).catch(() => undefined);
  if (target === undefined) return;
  const inputs = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
  if (!inputs.includes(target)) return;
  throw new Error(
    `Expected another folder than that of the bag for the results but received ${dirname(masks)}: ` +
      `its ${MASKS} is what is replayed. Choose one with --out.`,
  );
}

interface Run {
  bundle: Bundle;
  bag: BagReader;
  selection: TopicSelection;
  segmenter: Segmenter;
  /** What happened to the segmenter, one sentence each; grows. */
  incidents: readonly string[];
}

async function replayInto(options: ReplayOptions, run: Run): Promise<ReplayOutputs> {
  const { bundle, bag, selection, segmenter, incidents } = run;
  const { config } = options;
  const recorder = createRecorder(options, run);
  for (const problem of selection.problems) recorder.problem('warning', problem);
  const maskPath = join(options.out, MASKS);
  const copied = copiedTopics(selection, bundle);
  const masks = await MaskBag.create(
    maskPath,
    bundle,
    bag.info.topics.filter(({ name, count }) => copied.has(name) && count !== 0),
  );
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
    const { lagMs } = await playBag(bag, createPlayer(options, run, pipeline, recording, { masks, copied }), {
      topics: replayedTopics(selection, bag.info),
      rate: options.rate,
      lingerNs: BigInt(Math.round(config.sync.deadlineMs * 1e6)),
    });
    await pipeline.settle();
    await recording.finish();
    if (lagMs > WORST_LAG_MS) recorder.problem('warning', describeLag(lagMs));
  } finally {
    await masks.close();
  }
  for (const problem of [...bag.info.problems, ...incidents]) recorder.problem('error', problem);
  for (const { modality, counters } of pipeline.status().modalities) {
    const { received, malformed, used, invalid } = counters;
    recorder.messages(modality, 'received', received + malformed);
    recorder.messages(modality, 'used', used);
    recorder.messages(modality, 'invalid', invalid);
    recorder.messages(modality, 'dropped', received - used);
  }
  const wallSeconds = (performance.now() - start) / 1000;
  const result = recorder.finish({ wallSeconds, bagSeconds: bag.info.durationSeconds });
  const { summaryPath, reportPath } = await writeReplayReport(options.out, result);
  return { summary: result.summary, paths: { masks: maskPath, summary: summaryPath, report: reportPath } };
}

/** Leads the messages of a bag to where they belong: the pipeline, the recording, the bag of masks. */
function createPlayer(
  { onProgress }: ReplayOptions,
  { bag, selection }: Run,
  pipeline: Pipeline,
  recording: ReplayRecording,
  { masks, copied }: { masks: MaskBag; copied: ReadonlySet<string> },
): Player {
  const { start = 0n, end = 0n } = bag.info;
  const span = Math.max(1, Number(end - start));
  return {
    message: async (raw) => {
      if (copied.has(raw.topic)) await masks.copy(raw);
      if (raw.topic === selection.groundTruth?.topic) await recording.groundTruth(raw);
      else if (raw.topic === CONDITION_TOPIC) recording.condition(raw);
      else await pipeline.receive(raw);
      onProgress?.({ fraction: Number(raw.receiveStamp - start) / span, masks: recording.masks });
    },
    nextWakeUp: () => pipeline.nextWakeUp(),
    wake: (at) => pipeline.advanceTo(at),
    isWaiting: () => pipeline.status().open > 0,
  };
}

function createRecorder(options: ReplayOptions, { bundle, bag, selection, segmenter }: Run): ReplayRecorder {
  const { start } = bag.info;
  const topics = new Map<string, string>();
  for (const [modality, assignment] of selection.modalities) {
    if (assignment.kind === 'assigned') topics.set(modality, assignment.topic);
  }
  const { deadlineMs, dropSilenceMs } = options.config.sync;
  return new ReplayRecorder({
    bag: { path: options.bag, name: basename(options.bag), source: isSimulated(bag.info) ? 'simulation' : 'recording' },
    model: { name: bundle.name, sha256: bundle.sha256, trainedOn: trainedOn(bundle) },
    modalities: bundle.modalities.map(({ name }) => name),
    classes: bundle.classes,
    provider: segmenter.selection.provider,
    topics,
    ...(start !== undefined && { startStamp: start }),
    settings: { rate: options.rate, encodeMode: segmenter.selection.encodeMode, deadlineMs, dropSilenceMs },
  });
}

/** A replay that never falls behind by more is as good as live; the pauses of a busy machine stay below it. */
const WORST_LAG_MS = 250;

function describeLag(lagMs: number): string {
  return (
    `The replay fell ${(lagMs / 1000).toFixed(1)} s behind the pace of the bag: this machine reads and decodes more ` +
    'slowly than the sensors send, and a robot with it would lose messages.'
  );
}

function trainedOn(bundle: Bundle): string {
  const { data } = bundle.training as { data?: unknown };
  return typeof data === 'string' ? data : 'unknown data';
}
