import type { ConfusionMatrix } from '../evaluation/index.js';
import { millisecondsBetween, type Stamp } from '../messages/stamp.js';
import type { ModalityState } from '../sync/index.js';
import { printable } from '../text/index.js';
import { describeMachine } from './machine.js';
import { type FallbackDescription, ModelCounts } from './model_counts.js';
import { findMoments } from './moments.js';
import { NumberColumn } from './number_column.js';
import type { ColouredClass } from './overlay.js';
import { PictureSample } from './picture_sample.js';
import { ProblemList, type ProblemSeverity, type ProblemSubject } from './problem_list.js';
import type { PublishedFrame } from './published_frame.js';
import { ReplayScores } from './replay_scores.js';
import { buildReportData, type FrameRecords, LATENCY_STAGES, type ReportData } from './report_data.js';
import { makePicture } from './report_picture.js';
import { RoutingStatistics } from './routing_statistics.js';
import { SentenceFolder } from './sentence_folder.js';
import { StateTimeline, secondsPerState } from './state_timeline.js';
import type { ReplaySummary } from './summary.js';
import { figure, percentileFigures } from './summary_figures.js';

/** What a replay knows before its first message. */
export interface ReplayDescription {
  /** `source` says whether a simulator made the bag: scores on simulated data are no claim about the real world. */
  bag: { path: string; name: string; source: 'simulation' | 'recording' };
  model: { name: string; sha256: string; trainedOn: string };
  /** Models that stand by for it, best first. */
  fallbacks?: readonly FallbackDescription[];
  /** The modalities of all models, the first one's in index order first. */
  modalities: readonly string[];
  classes: readonly ColouredClass[];
  provider: string;
  /** Topic per modality, where one was found. */
  topics?: ReadonlyMap<string, string>;
  /** Stamp the report counts its seconds from; the first stamp recorded by default. */
  startStamp?: Stamp;
  /** About how many masks there will be, where that is known: pictures are then made only for the frames shown. */
  expectedFrames?: number;
  /** Whatever makes the run repeatable: rate, deadlines, tolerances. */
  settings?: Record<string, unknown>;
  /** The modality whose picture masks are laid over. */
  cameraModality?: string | undefined;
  /** Modalities of single points, which are shown over that picture. */
  pointModalities?: readonly string[];
  /** What made the run. */
  run?: NonNullable<ReplaySummary['run']>;
}

export type MessageFate = 'received' | 'used' | 'invalid' | 'dropped';

export interface ReplayResult {
  summary: ReplaySummary;
  report: ReportData;
}

/**
 * Collects what happened during a replay and yields `summary.json` and the data of `report.html`.
 *
 * ```ts
 * const recorder = new ReplayRecorder({ bag, model, modalities, classes, provider });
 * recorder.messages('lidar', 'received');
 * recorder.modalityState('lidar', stamp, 'active');
 * await recorder.published({ segmentation, arrivedAt, absent, latencyMs, groundTruth, camera: () => rgb });
 * recorder.dropped(arrivedAt, 'all modalities absent');
 * recorder.problem('warning', 'The bag ends in the middle of a chunk');
 * const { summary, report } = recorder.finish({ wallSeconds });
 * ```
 *
 * Memory: about 100 bytes a frame plus the sampled pictures (at most 17 MB).
 */
export class ReplayRecorder {
  readonly #description: ReplayDescription;
  #start: Stamp | undefined;
  #endSeconds = 0;

  readonly #columns = {
    seconds: new NumberColumn(),
    decode: new NumberColumn(),
    syncWait: new NumberColumn(),
    inference: new NumberColumn(),
    total: new NumberColumn(),
    miou: new NumberColumn(),
  };
  readonly #frameStretches: (string | undefined)[] = [];
  readonly #routing: RoutingStatistics;
  readonly #droppedSeconds = new NumberColumn();
  readonly #dropReasons = new SentenceFolder();
  #unopened = 0;
  readonly #droppedBecause = new Map<string, number>();
  #complete = 0;
  readonly #models: ModelCounts;

  readonly #scores: ReplayScores;

  readonly #messages = new Map<string, Record<MessageFate, number>>();
  readonly #timelines = new Map<string, StateTimeline>();
  readonly #problems = new ProblemList();
  readonly #notices = new Set<string>();
  readonly #pictures: PictureSample;

  constructor(description: ReplayDescription) {
    this.#description = description;
    this.#models = new ModelCounts(description.model, description.provider, description.fallbacks);
    this.#start = description.startStamp;
    this.#pictures = new PictureSample(description.expectedFrames ?? 0);
    this.#scores = new ReplayScores(description.classes);
    this.#routing = new RoutingStatistics(description.modalities);
    for (const modality of description.modalities) {
      this.#messages.set(modality, { received: 0, used: 0, invalid: 0, dropped: 0 });
      this.#timelines.set(modality, new StateTimeline());
    }
  }

  /** Counts messages of a modality: every one as `received`, later also by what became of it. */
  messages(modality: string, fate: MessageFate, count = 1): void {
    this.#of(this.#messages, modality)[fate] += count;
  }

  /** The health of a modality changed. Calls without a change are ignored. */
  modalityState(modality: string, stamp: Stamp, state: ModalityState, reason?: string): void {
    this.#of(this.#timelines, modality).change(this.#seconds(stamp), state, reason && printable(reason));
  }

  /** A reference frame got a mask. */
  async published(frame: PublishedFrame): Promise<void> {
    const { segmentation, latencyMs } = frame;
    const seconds = this.#seconds(frame.arrivedAt);
    const miou = this.#score(frame);
    this.#columns.seconds.push(seconds);
    for (const stage of LATENCY_STAGES) this.#columns[stage].push(latencyMs[stage]);
    this.#columns.miou.push(miou);
    this.#frameStretches.push(frame.stretch);
    this.#routing.add(segmentation.routing, frame.stretch);
    if (frame.absent.size === 0) this.#complete++;
    this.#models.add(frame.model);
    const traits = { seconds, present: segmentation.present, ...(!Number.isNaN(miou) && { miou: miou * 100 }) };
    await this.#pictures.offer(traits, () =>
      makePicture(frame, { seconds, miou }, (sentence) => this.problem('warning', sentence, frame.arrivedAt)),
    );
  }

  /**
   * A reference frame got no mask.
   * @param arrivedAt - when its reference sample arrived
   */
  dropped(arrivedAt: Stamp, reason: string): void {
    const text = this.#dropReasons.fold(printable(reason));
    this.#droppedSeconds.push(this.#seconds(arrivedAt));
    this.#droppedBecause.set(text, (this.#droppedBecause.get(text) ?? 0) + 1);
  }

  /**
   * Something a reader of the report must know; equal texts are counted, not repeated, and their number is bounded.
   * @param at - receive stamp of the message that showed it
   */
  problem(severity: ProblemSeverity, sentence: string, at?: Stamp, subject?: ProblemSubject): void {
    this.#problems.add(severity, sentence, at, subject);
  }

  /** A problem that was told held until a moment. */
  problemLasted(sentence: string, until: Stamp): void {
    this.#problems.lasted(sentence, until);
  }

  /** Something was found out that the run works by; one sentence, kept once. */
  notice(sentence: string): void {
    this.#notices.add(printable(sentence));
  }

  /**
   * Ends the recording.
   * @param run - `wallSeconds` the replay took; `bagSeconds` the bag lasts (by default first to last stamp recorded);
   * `partialBecause` why it ended before the bag did
   */
  finish(run: { wallSeconds: number; bagSeconds?: number; partialBecause?: string | undefined }): ReplayResult {
    const end = Math.max(this.#endSeconds, run.bagSeconds ?? 0);
    const summary = {
      ...this.#summary(run.wallSeconds, run.bagSeconds ?? this.#endSeconds, end),
      partial: run.partialBecause !== undefined,
      ...(run.partialBecause !== undefined && { partialBecause: printable(run.partialBecause) }),
    };
    const routing = this.#routing.perFrame();
    const records: FrameRecords = {
      seconds: this.#columns.seconds.view(),
      miou: this.#columns.miou.view(),
      stretches: this.#frameStretches,
      latencyMs: {
        decode: this.#columns.decode.view(),
        syncWait: this.#columns.syncWait.view(),
        inference: this.#columns.inference.view(),
        total: this.#columns.total.view(),
      },
      ...(routing && { routing }),
      droppedSeconds: this.#droppedSeconds.view(),
    };
    const timelines = this.#description.modalities.map((modality) => ({
      modality,
      spans: this.#of(this.#timelines, modality).spans(end),
    }));
    const report = buildReportData({
      summary,
      classes: this.#description.classes,
      records,
      timelines,
      cameraModality: this.#description.cameraModality,
      pointModalities: this.#description.pointModalities,
      confusion: summary.score && this.#scores.confusion,
      pictures: this.#pictures.pictures(),
      moments: findMoments(timelines, summary.problems, (stamp) => Math.min(end, this.#seconds(stamp))),
      endSeconds: end,
    });
    return { summary, report };
  }

  /** Exact counts over all frames with ground truth. */
  get confusion(): ConfusionMatrix {
    return this.#scores.confusion;
  }

  /** Frames of the stream that should pace, for which no set could even be opened. */
  unopened(count: number): void {
    this.#unopened = count;
  }

  #summary(wallSeconds: number, bagSeconds: number, end: number): Omit<ReplaySummary, 'partial'> {
    const { bag, model, provider, modalities, topics, settings = {}, run } = this.#description;
    const published = this.#columns.seconds.length;
    const dropped = this.#droppedSeconds.length + this.#unopened;
    const routing = this.#routing.summary();
    const score = this.#scores.summary();
    return {
      formatVersion: 1,
      ...(run && { run }),
      bag: { ...bag, durationSeconds: bagSeconds },
      model,
      provider,
      ...this.#models.summary(),
      frames: {
        reference: published + dropped,
        published,
        complete: this.#complete,
        partial: published - this.#complete,
        dropped,
        droppedBecause: {
          ...Object.fromEntries(this.#droppedBecause),
          ...(this.#unopened > 0 && { 'no sensor could pace the masks': this.#unopened }),
        },
      },
      ...(score && { score }),
      latencyMs: {
        decode: percentileFigures(this.#columns.decode),
        syncWait: percentileFigures(this.#columns.syncWait),
        inference: percentileFigures(this.#columns.inference),
        total: percentileFigures(this.#columns.total),
      },
      modalities: Object.fromEntries(
        modalities.map((modality) => [modality, this.#modalitySummary(modality, topics?.get(modality), end)]),
      ),
      ...(routing && { routing }),
      throughputFps: figure(published / wallSeconds),
      realTimeFactor: figure(bagSeconds / wallSeconds),
      wallSeconds,
      machine: describeMachine(),
      settings,
      problems: this.#problems.list(),
      notices: [...this.#notices],
    };
  }

  #modalitySummary(modality: string, topic: string | undefined, end: number): ReplaySummary['modalities'][string] {
    const { received, used, invalid, dropped } = this.#of(this.#messages, modality);
    const timeline = this.#of(this.#timelines, modality);
    return {
      ...(topic !== undefined && { topic }),
      messages: received,
      used,
      invalid,
      dropped,
      states: secondsPerState(timeline.spans(end)),
      stateChanges: timeline.changes,
    };
  }

  /** Returns the mIoU of a frame, NaN without one. */
  #score(frame: PublishedFrame): number {
    try {
      return this.#scores.add(frame);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.problem('error', `Ground truth not scored: ${error.message}`, frame.arrivedAt);
      return Number.NaN;
    }
  }

  #seconds(stamp: Stamp): number {
    this.#start ??= stamp;
    const seconds = Math.max(0, millisecondsBetween(this.#start, stamp) / 1000);
    this.#endSeconds = Math.max(this.#endSeconds, seconds);
    return seconds;
  }

  #of<T>(map: ReadonlyMap<string, T>, modality: string): T {
    const entry = map.get(modality);
    if (entry === undefined) {
      const known = this.#description.modalities.join(', ');
      throw new RangeError(`Expected one of ${known} for modality but received ${modality}`);
    }
    return entry;
  }
}
