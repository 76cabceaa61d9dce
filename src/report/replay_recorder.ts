import { ConfusionMatrix, resizeLabelsNearest, scores } from '../evaluation/index.js';
import { millisecondsBetween, type Stamp } from '../messages/stamp.js';
import type { Segmentation } from '../model/segmentation.js';
import type { AbsentReason, ModalityState } from '../sync/index.js';
import { printable } from '../text/index.js';
import { EvenSample } from './even_sample.js';
import { describeMachine } from './machine.js';
import { type FallbackDescription, ModelCounts } from './model_counts.js';
import { NumberColumn } from './number_column.js';
import {
  type ColouredClass,
  type ColourTable,
  colourTable,
  encodeJpeg,
  encodeMaskPng,
  type LabelImage,
  type RgbImage,
} from './overlay.js';
import { ProblemList, type ProblemSeverity, type ProblemSubject } from './problem_list.js';
import {
  buildReportData,
  type FrameRecords,
  LATENCY_STAGES,
  type ReportData,
  type ReportPicture,
} from './report_data.js';
import { RoutingStatistics } from './routing_statistics.js';
import { summariseScores } from './score_summary.js';
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
}

/** Where a frame's time went; see `FrameLatency` of the pipeline for what `total` holds. */
export interface FrameLatencyMs {
  decode: number;
  syncWait: number;
  inference: number;
  total: number;
}

/** A mask that was published. Buffers must not change until `published` has resolved. */
export interface PublishedFrame {
  segmentation: Segmentation;
  /** The model that made it; the first one by default. */
  model?: { sha256: string };
  /**
   * When its reference sample arrived. Frames are shown by this and not by their stamp: it is the clock of the bag and
   * of modality states, while sensors may count from anywhere.
   */
  arrivedAt: Stamp;
  absent: ReadonlyMap<string, AbsentReason>;
  latencyMs: FrameLatencyMs;
  /** Any size: the mask is brought to it by nearest neighbour, then scored. */
  groundTruth?: LabelImage;
  /** Name of the condition the frame belongs to (`night`), for scores and routing by condition. */
  stretch?: string;
  /** The camera image, any size; called only for the frames the report shows. */
  camera?: () => RgbImage | undefined | Promise<RgbImage | undefined>;
}

export type MessageFate = 'received' | 'used' | 'invalid' | 'dropped';

export interface ReplayResult {
  summary: ReplaySummary;
  report: ReportData;
}

/** Frames shown in the report: 40 to 80 of a long bag. */
const PICTURE_CAPACITY = 80;
/** Base64 adds a third, the page itself 0.2 MB: keeps the report under 6 MB. */
const PICTURE_BYTES = 4_000_000;
const PICTURE_MAX_WIDTH = 640;

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
 * Memory: about 100 bytes a frame plus the sampled pictures (at most 4 MB).
 */
export class ReplayRecorder {
  readonly #description: ReplayDescription;
  readonly #colours: ColourTable;
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

  readonly #frameConfusion: ConfusionMatrix;
  readonly #confusion: ConfusionMatrix;
  readonly #stretchScores = new Map<string, { confusion: ConfusionMatrix; frames: number }>();
  #scoredFrames = 0;

  readonly #messages = new Map<string, Record<MessageFate, number>>();
  readonly #timelines = new Map<string, StateTimeline>();
  readonly #problems = new ProblemList();
  readonly #notices = new Set<string>();
  readonly #pictures: EvenSample<ReportPicture>;

  constructor(description: ReplayDescription) {
    this.#description = description;
    this.#models = new ModelCounts(description.model, description.provider, description.fallbacks);
    this.#start = description.startStamp;
    this.#pictures = new EvenSample(PICTURE_CAPACITY, description.expectedFrames);
    this.#colours = colourTable(description.classes);
    const classCount = Math.max(...description.classes.map(({ id }) => id)) + 1;
    this.#frameConfusion = new ConfusionMatrix(classCount);
    this.#confusion = new ConfusionMatrix(classCount);
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
    await this.#pictures.offer(() => this.#picture(frame, seconds, miou));
    while (this.#pictureBytes() > PICTURE_BYTES && this.#pictures.items.length > 1) this.#pictures.halve();
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
      pictures: this.#pictures.items,
      endSeconds: end,
    });
    return { summary, report };
  }

  /** Exact counts over all frames with ground truth. */
  get confusion(): ConfusionMatrix {
    return this.#confusion;
  }

  /** Frames of the stream that should pace, for which no set could even be opened. */
  unopened(count: number): void {
    this.#unopened = count;
  }

  #summary(wallSeconds: number, bagSeconds: number, end: number): Omit<ReplaySummary, 'partial'> {
    const { bag, model, provider, modalities, topics, settings = {} } = this.#description;
    const published = this.#columns.seconds.length;
    const dropped = this.#droppedSeconds.length + this.#unopened;
    const routing = this.#routing.summary();
    const score = this.#scoredFrames === 0 ? undefined : this.#scoreSummary();
    return {
      formatVersion: 1,
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

  #scoreSummary(): NonNullable<ReplaySummary['score']> {
    return summariseScores(this.#description.classes, this.#confusion, this.#scoredFrames, this.#stretchScores);
  }

  /** Scores one frame against its ground truth, at the ground truth's size; returns its mIoU, NaN without one. */
  #score({ segmentation, groundTruth, stretch, arrivedAt }: PublishedFrame): number {
    if (!groundTruth) return Number.NaN;
    const confusion = this.#frameConfusion;
    confusion.clear();
    try {
      confusion.add(resizeLabelsNearest(segmentation.labels, segmentation, groundTruth), groundTruth.labels);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.problem('error', `Ground truth not scored: ${error.message}`, arrivedAt);
      return Number.NaN;
    }
    this.#confusion.merge(confusion);
    this.#scoredFrames++;
    if (stretch !== undefined) {
      let entry = this.#stretchScores.get(stretch);
      if (!entry) {
        entry = { confusion: new ConfusionMatrix(confusion.classCount), frames: 0 };
        this.#stretchScores.set(stretch, entry);
      }
      entry.confusion.merge(confusion);
      entry.frames++;
    }
    return scores(confusion, 'left-out').miou;
  }

  async #picture(frame: PublishedFrame, seconds: number, miou: number): Promise<ReportPicture> {
    const { segmentation, groundTruth } = frame;
    const camera = await this.#cameraPicture(frame);
    const [cameraJpeg, maskPng, truthPng] = await Promise.all([
      camera && encodeJpeg(camera, { quality: 74, maxWidth: PICTURE_MAX_WIDTH }),
      encodeMaskPng(segmentation, this.#colours),
      groundTruth && encodeMaskPng(groundTruth, this.#colours),
    ]);
    return {
      seconds,
      width: camera?.width ?? segmentation.width,
      height: camera?.height ?? segmentation.height,
      maskPng,
      ...(cameraJpeg && { cameraJpeg }),
      ...(truthPng && { truthPng }),
      ...(!Number.isNaN(miou) && { miou: miou * 100 }),
      ...(frame.stretch !== undefined && { stretch: frame.stretch }),
      present: [...segmentation.present],
      absent: Object.fromEntries(frame.absent),
    };
  }

  /** The mask is shown also where the picture it was made beside cannot be read. */
  async #cameraPicture({ camera, arrivedAt }: PublishedFrame): Promise<RgbImage | undefined> {
    try {
      return await camera?.();
    } catch (error) {
      this.problem('warning', `A picture is left out of the report: ${(error as Error).message}`, arrivedAt);
      return undefined;
    }
  }

  #pictureBytes(): number {
    let bytes = 0;
    for (const { cameraJpeg, maskPng, truthPng } of this.#pictures.items) {
      bytes += (cameraJpeg?.length ?? 0) + maskPng.length + (truthPng?.length ?? 0);
    }
    return bytes;
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
