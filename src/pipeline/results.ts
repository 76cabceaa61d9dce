import type { RawMessage, Stamp } from '../messages/index.js';
import { describeModelNotice, type ModelNotice, type ModelReason, type Segmentation } from '../model/index.js';
import {
  describeSensorNotice,
  type LabelledPoints,
  type ModalityImage,
  type RigGrid,
  type SensorNotice,
  type SensorReason,
} from '../sensors/index.js';
import type { AbsentReason, FrameSet, ModalityState, Reason } from '../sync/index.js';

/** What the pipeline needs of a `Segmenter`. */
export interface FrameSegmenter {
  segment(frameSet: FrameSet): Promise<Segmentation>;
  /** Encodes images before the set they are for is complete; resolves once that is done, or cannot be. */
  prepare?(images: readonly ModalityImage[]): Promise<void>;
  /** Resolves once it takes sets, after a restart as well; rejects where it never will. */
  whenReady(): Promise<void>;
}

/** Which model made a mask. */
export interface ModelUse {
  name: string;
  sha256: string;
  role: 'primary' | 'fallback';
  /** Why it is not the primary one; undefined where it is. */
  cause: ModelReason | undefined;
}

/** Another model makes the masks from a frame on. */
export interface ModelChange {
  /** The one that makes them now. */
  model: ModelUse;
  cause: ModelReason;
  /** The cause in words. */
  reason: string;
  /** When the first set for it was closed, by the clock messages are received by. */
  at: Stamp;
}

/** Where the time of one mask went, in milliseconds. */
export interface FrameLatency {
  /** From the arrival of the reference sample until its set was closed, on the clock messages are stamped with. */
  syncWaitMs: number;
  /** Turning the chosen messages into images, as far as that was not done before the set was closed; wall time. */
  decodeMs: number;
  /** Encoder and head with the way to the worker and back, again from the closing of the set on; wall time. */
  inferenceMs: number;
  /**
   * From the arrival of the reference sample to the finished mask. With backpressure `newest` that includes the time
   * the set waited for the one before. With `wait` it is the three together: a replay at full speed is always ahead of
   * its model, and how long its sets wait says nothing.
   */
  totalMs: number;
}

/** A reference frame that got its mask. */
export interface FrameResult {
  segmentation: Segmentation;
  /** The model that made it: its classes and size are the primary model's all the same. */
  model: ModelUse;
  /** Modality that paced this frame. */
  reference: string;
  /** Modalities of the model and of the primary one that this mask was made without. */
  absent: ReadonlyMap<string, AbsentReason>;
  /** What the model saw. */
  images: ReadonlyMap<string, ModalityImage>;
  /** The messages these images were decoded from; for events the newest packet of the window. */
  messages: ReadonlyMap<string, RawMessage>;
  /** The grid the mask lies on, for bringing it back to the camera's own size. */
  grid: RigGrid;
  /** Receive times, by the clock messages are stamped with: of the reference sample, and when its set was closed. */
  arrivedAt: Stamp;
  closedAt: Stamp;
  latency: FrameLatency;
  /**
   * Gives the points of a modality's message the classes of this mask; works as long as calibration is what it was.
   * @param colours - RGBA of every label, 256 * 4 bytes
   */
  labelPoints(modality: string, colours: Uint8Array): Promise<LabelledPoints>;
}

/** A reference frame that got no mask. */
export interface DroppedFrame {
  stamp: Stamp;
  /** Receive time of the reference sample. */
  arrivedAt: Stamp;
  reason: string;
  /** `overtaken`: a newer set came while the model was busy; `lost`: anything else. */
  kind: 'overtaken' | 'lost';
}

/** A modality's health changed; `at` is the receive time of the message or time-out that showed it. */
export interface ModalityChange {
  modality: string;
  from: ModalityState;
  to: ModalityState;
  reason: string | undefined;
  /** The reason as a code with its data. */
  cause: Reason | undefined;
  at: Stamp;
}

/** Something is to be watched of a sensor that is in use; without a cause, no longer. */
export interface ModalityWarning {
  modality: string;
  cause: Reason | undefined;
  /** The cause in words. */
  reason: string | undefined;
  /** Receive time of what showed it. */
  at: Stamp;
}

/** Something that was found out and is worked by. */
export type PipelineNotice = SensorNotice | ModelNotice;

/** One sentence for log, summary and report. */
export function describeNotice(notice: PipelineNotice): string {
  return notice.code === 'classes-unlabeled' ? describeModelNotice(notice) : describeSensorNotice(notice);
}

/** What a problem is about: a sensor's reason, or else what kind of problem it is. */
export type ProblemAbout =
  | { code: Reason['code']; modality: string; cause: Reason }
  | { code: 'calibration' | 'time-line' | 'inference'; modality?: undefined; cause?: undefined };

/** A sensor of which a message cannot be used. */
export function aboutSensor(
  modality: string,
  { reason, cause = { code: 'undecodable', detail: reason } }: { reason: string; cause?: SensorReason },
): ProblemAbout {
  return { code: cause.code, modality, cause };
}

/**
 * Where a pipeline's results go. Masks and drops come in the order of their stamps, one at a time; a promise is awaited
 * before the next, so that a slow sink slows a replay rather than filling memory.
 */
export interface PipelineSink {
  published(frame: FrameResult): void | Promise<void>;
  dropped(frame: DroppedFrame): void | Promise<void>;
  modalityChanged(change: ModalityChange): void | Promise<void>;
  /** Another model makes the masks: told before the first of its masks, and again when the primary one is back. */
  modelChanged?(change: ModelChange): void | Promise<void>;
  /** A sensor that is in use is doubted, or no longer. */
  warned?(warning: ModalityWarning): void | Promise<void>;
  /**
   * Something is wrong that does not stop the pipeline; one sentence.
   * @param at - receive stamp of the message that showed it
   * @param about - what it is about, for programs
   */
  problem(text: string, at: Stamp, about?: ProblemAbout): void;
  /** Something was found out about a sensor that is now worked by, such as the scale of its values; told once. */
  notice?(notice: PipelineNotice): void;
}
