import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { BagInfo } from '../bags/index.js';
import type { Bundle } from '../model/index.js';
import { OutputFolder, type Overwriting } from '../outputs/index.js';
import { essentialModalities } from '../pipeline/index.js';
import { REPORT_FILES, ReplayRecorder, type ReplaySummary, writeReplayReport } from '../report/index.js';
import type { SynchronizerStatus } from '../sync/index.js';
import { MaskBag, type MaskBagOptions } from './mask_bag.js';
import { ReplayRecording } from './replay_recording.js';
import { needsOf, type ReplaySource, type ReplaySourceOptions, sensorsOf, withReplaySource } from './replay_source.js';
import { copiedTopics, isSimulated, layoutNames } from './replay_topics.js';
import { runPipeline } from './run_pipeline.js';
import { truthClasses } from './truth_classes.js';

export interface ReplayOptions extends ReplaySourceOptions {
  /** Folder for masks.mcap, summary.json and report.html; made if need be. */
  out: string;
  /**
   * `max`: as fast as it goes, every set becomes a mask, the same on every run. `realtime`: at the pace of the bag, as
   * live sensors would deliver it; sets the model is too slow for are dropped and counted.
   */
  rate: 'max' | 'realtime';
  /** Whether masks.mcap holds each LiDAR's points with the class of each; `left-out` by default. */
  points?: MaskBagOptions['points'];
  onProgress?: (progress: ReplayProgress) => void;
  /** Ends the replay before its time; what there is until then is kept. */
  signal?: AbortSignal;
  /** What of the folder may be replaced; `own` by default: files that an earlier replay made. */
  overwriting?: Overwriting;
  /** Command line that started the replay, for the report. */
  command?: string;
}

export interface ReplayProgress {
  /** Of the bag's time, 0..1. */
  fraction: number;
  masks: number;
}

export interface ReplayOutputs {
  summary: ReplaySummary;
  paths: { masks: string; summary: string; report: string };
  /** Exact counts over all frames with ground truth, see `ConfusionMatrix.toTriplets`. */
  confusion: { confusion: number[]; classCount: number };
}

/**
 * Replays a bag through the pipeline in the bag's own time and writes masks, scores and a report. A run that is cut
 * short, by `signal` or by an error, leaves what it has: `masks.mcap` whole, and a summary that says `partial` and why.
 * @throws Error with one sentence when bag, bundle or configuration cannot be used, nothing in the bag is an input, or
 * the folder holds files of the results' names that are not of this project; and what ended the run early
 */
export function replayBag(options: ReplayOptions): Promise<ReplayOutputs> {
  return withReplaySource(options, async (source) => {
    await requireUntouchedInput(source.bag.info, join(options.out, MASKS));
    const folder = await OutputFolder.claim(options.out, [MASKS, ...REPORT_FILES], options.overwriting ?? 'own');
    try {
      return await replayInto(options, source, folder);
    } finally {
      await folder.finish();
    }
  });
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

async function replayInto(options: ReplayOptions, source: ReplaySource, folder: OutputFolder): Promise<ReplayOutputs> {
  const { bundle, bag, selection } = source;
  const recorder = createRecorder(options, source);
  for (const problem of selection.problems) recorder.problem('warning', problem, undefined, { code: 'topics' });
  const sensors = sensorsOf(source);
  const copied = copiedTopics(selection, sensors);
  const renamed = layoutNames(selection, sensors, bag.info);
  const masks = await MaskBag.create(folder.file(MASKS), bundle, {
    copied: bag.info.topics.filter(({ name, count }) => copied.has(name) && count !== 0),
    renamed,
    provider: source.segmenter.selection.provider,
    // At full speed two replays give the same bytes.
    wallTimes: options.rate === 'max' ? 'left-out' : 'told',
    essential: essentialModalities(options.config),
    points: options.points ?? 'left-out',
    sensors,
    models: needsOf(source),
  });
  const truth = truthClasses(bundle, bag.info);
  if (truth.note !== undefined && selection.groundTruth !== undefined) recorder.notice(truth.note);
  const recording = new ReplayRecording({
    recorder,
    masks,
    groundTruth: selection.groundTruth === undefined ? 'absent' : 'present',
    classCount: truth.classCount,
    ...(truth.truthTable && { truthTable: truth.truthTable }),
    cameraModality: cameraOf(source),
    representations: new Map(sensors.map(({ name, representation }) => [name, representation.kind])),
  });
  const { start: bagStart = 0n, end: bagEnd = 0n } = bag.info;
  const span = Math.max(1, Number(bagEnd - bagStart));
  const start = performance.now();
  let playedSeconds = 0;
  let failure: { error: unknown } | undefined;
  try {
    try {
      const { lagMs, skippedMs } = await runPipeline(source, {
        rate: options.rate,
        listener: recording,
        ...(options.signal && { signal: options.signal }),
        onEnd: (status) => countMessages(recorder, status),
        onMessage: async (raw) => {
          if (copied.has(raw.topic)) await recording.copy(raw);
          playedSeconds = Number(raw.receiveStamp - bagStart) / 1e9;
          options.onProgress?.({ fraction: (playedSeconds * 1e9) / span, masks: recording.masks });
        },
      });
      if (skippedMs > 0) recorder.notice(describeSkip(skippedMs));
      if (lagMs > WORST_LAG_MS) recorder.problem('warning', describeLag(lagMs), undefined, { code: 'machine' });
    } catch (error) {
      failure = { error };
    }
    await recording.finish();
  } finally {
    await masks.close();
  }
  for (const problem of bag.info.problems) recorder.problem('error', problem, undefined, { code: 'bag' });
  for (const incident of source.incidents) recorder.problem('error', incident, undefined, { code: 'inference' });
  const { durationSeconds: bagSeconds } = bag.info;
  const why = failure === undefined ? options.signal?.reason : failure.error;
  const partialBecause = why && `${reasonOf(why)}, ${playedSeconds.toFixed(1)} s into ${bagSeconds.toFixed(1)} s`;
  const wallSeconds = (performance.now() - start) / 1000;
  const result = recorder.finish({ wallSeconds, bagSeconds, partialBecause });
  const { summaryPath, reportPath } = await writeReplayReport(options.out, result);
  if (failure !== undefined) throw failure.error;
  return {
    summary: result.summary,
    paths: { masks: folder.file(MASKS), summary: summaryPath, report: reportPath },
    confusion: { confusion: recorder.confusion.toTriplets(), classCount: recorder.confusion.classCount },
  };
}

/** The modality whose pictures masks are laid over. */
function cameraOf(source: ReplaySource): string | undefined {
  return sensorsOf(source).find(({ representation }) => representation.kind === 'rgb')?.name;
}

function reasonOf(why: unknown): string {
  return why instanceof Error ? why.message : String(why);
}

function countMessages(recorder: ReplayRecorder, { modalities, unopened }: SynchronizerStatus): void {
  recorder.unopened(unopened);
  for (const { modality, counters } of modalities) {
    const { received, malformed, used, invalid } = counters;
    recorder.messages(modality, 'received', received + malformed);
    recorder.messages(modality, 'used', used);
    recorder.messages(modality, 'invalid', invalid);
    recorder.messages(modality, 'dropped', received - used);
  }
}

function createRecorder(options: ReplayOptions, source: ReplaySource): ReplayRecorder {
  const { bundle, fallbacks, bag, selection, segmenter } = source;
  const { start } = bag.info;
  const topics = new Map<string, string>();
  for (const [modality, assignment] of selection.modalities) {
    if (assignment.kind === 'assigned') topics.set(modality, assignment.topic);
  }
  const { deadlineMs, dropSilenceMs } = options.config.sync;
  // The first modality paces the masks as long as it is alive.
  const paceTopic = topics.values().next().value;
  const expectedFrames = bag.info.topics.find(({ name }) => name === paceTopic)?.count;
  return new ReplayRecorder({
    bag: { path: options.bag, name: basename(options.bag), source: isSimulated(bag.info) ? 'simulation' : 'recording' },
    model: { name: bundle.name, sha256: bundle.sha256, trainedOn: trainedOn(bundle) },
    ...(fallbacks.length > 0 && {
      fallbacks: fallbacks.map((fallback) => ({
        name: fallback.bundle.name,
        sha256: fallback.bundle.sha256,
        provider: () => fallback.segmenter.started?.selection.provider,
      })),
    }),
    modalities: sensorsOf(source).map(({ name }) => name),
    classes: bundle.classes,
    provider: segmenter.selection.provider,
    topics,
    ...(start !== undefined && { startStamp: start }),
    ...(expectedFrames !== undefined && { expectedFrames }),
    cameraModality: cameraOf(source),
    pointModalities: sensorsOf(source).flatMap(({ name, representation }) =>
      representation.kind === 'range-intensity-height' ? [name] : [],
    ),
    run: {
      version: packageVersion(),
      startedAt: new Date().toISOString(),
      ...(options.command !== undefined && { command: options.command }),
    },
    settings: { rate: options.rate, encodeMode: segmenter.selection.encodeMode, deadlineMs, dropSilenceMs },
  });
}

function packageVersion(): string {
  return (createRequire(import.meta.url)('mle-sam-ros/package.json') as { version: string }).version;
}

/** A replay that never falls behind by more is as good as live; the pauses of a busy machine stay below it. */
const WORST_LAG_MS = 250;

function describeSkip(skippedMs: number): string {
  const seconds = skippedMs / 1000;
  const [amount, unit] = seconds < 7200 ? [seconds / 60, 'minutes'] : [seconds / 3600, 'hours'];
  return `The bag is silent for ${amount.toFixed(1)} ${unit} at a stretch: they were skipped and not waited for.`;
}

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
