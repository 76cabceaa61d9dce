import type { RawMessage, Stamp } from '../messages/index.js';
import {
  type DroppedFrame,
  describeNotice,
  type FrameResult,
  type ModalityChange,
  type ModalityWarning,
  type ModelChange,
  type PipelineNotice,
  type PipelineSink,
  type ProblemAbout,
} from '../pipeline/index.js';
import { type PublishedFrame, type ReplayRecorder, type RgbImage, reduceForView, sensorView } from '../report/index.js';
import { decodePicture, type ImageSize } from '../sensors/index.js';
import { DriveConditions } from './drive_conditions.js';
import { GroundTruthBuffer, readGroundTruth } from './ground_truth.js';
import type { MaskBag } from './mask_bag.js';
import { SensorFaults } from './sensor_faults.js';

/**
 * Masks that wait for ground truth. Label images come with the camera's, so more than a few wait only where there are
 * none for a stretch of the bag, or their stamps are others.
 */
const MOST_WAITING = 32;

/** A mask whose ground truth may still come: what the recorder wants of it, and nothing else of its frame. */
type Waiting = Omit<PublishedFrame, 'groundTruth'>;

export interface ReplayRecordingOptions {
  recorder: Pick<ReplayRecorder, 'published' | 'dropped' | 'modalityState' | 'problem' | 'problemLasted' | 'notice'>;
  masks: Pick<MaskBag, 'frame' | 'points' | 'truth' | 'modalityChanged' | 'modelChanged' | 'warned' | 'copy'>;
  groundTruth: 'present' | 'absent';
  /** Classes of the model: label images with others cannot be scored. */
  classCount: number;
  /** By id in the bag that of the model, where they differ. */
  truthTable?: Uint8Array;
  /** Modality whose pictures the report shows under the masks. */
  cameraModality: string | undefined;
  /** Kind of representation by modality: how the report draws what each sensor gave. */
  representations: ReadonlyMap<string, string>;
}

/**
 * The sink of a replay: masks go into the bag beside it at once, and into the recorder as soon as the ground truth that
 * may belong to them has been read. Both see them in the order of their stamps.
 */
export class ReplayRecording implements PipelineSink {
  readonly #recorder: ReplayRecordingOptions['recorder'];
  readonly #maskBag: ReplayRecordingOptions['masks'];
  readonly #truth = new GroundTruthBuffer();
  readonly #expectsTruth: boolean;
  readonly #classCount: number;
  readonly #truthTable: Uint8Array | undefined;
  readonly #cameraModality: string | undefined;
  readonly #representations: ReadonlyMap<string, string>;
  readonly #waiting: Waiting[] = [];
  readonly #conditions = new DriveConditions();
  readonly #faults: SensorFaults;
  #count = 0;

  constructor(options: ReplayRecordingOptions) {
    this.#recorder = options.recorder;
    this.#faults = new SensorFaults(options.recorder);
    this.#maskBag = options.masks;
    this.#expectsTruth = options.groundTruth === 'present';
    this.#classCount = options.classCount;
    this.#truthTable = options.truthTable;
    this.#cameraModality = options.cameraModality;
    this.#representations = options.representations;
  }

  /** Masks made so far. */
  get masks(): number {
    return this.#count;
  }

  /** A label image has been read. */
  async groundTruth(raw: RawMessage): Promise<void> {
    const outcome = readGroundTruth(raw, this.#classCount, this.#truthTable);
    if (outcome.kind === 'invalid') {
      this.#recorder.problem('warning', `Ground truth: ${outcome.reason}`, raw.receiveStamp, { code: 'ground-truth' });
      return;
    }
    this.#truth.add(outcome.stamp, outcome.image);
    await this.#attempt('Ground truth is left out of masks.mcap', raw.receiveStamp, () =>
      this.#maskBag.truth(outcome.stamp, outcome.image, raw.receiveStamp),
    );
    await this.#release('settled');
  }

  /** The simulator says under which condition it drives from here on. */
  condition(raw: RawMessage): void {
    try {
      this.#conditions.add(raw);
    } catch (error) {
      this.#recorder.problem('warning', `${raw.topic}: ${(error as Error).message}`, raw.receiveStamp);
    }
  }

  async published(frame: FrameResult): Promise<void> {
    this.#count++;
    await this.#attempt('A mask is left out of masks.mcap', frame.arrivedAt, () => this.#maskBag.frame(frame));
    await this.#attempt('Labelled points are left out of masks.mcap', frame.arrivedAt, () =>
      this.#maskBag.points(frame),
    );
    const { segmentation, model, arrivedAt, absent, latency, messages, grid, images } = frame;
    const stretch = this.#conditions.at(segmentation.stamp);
    const { decodeMs: decode, syncWaitMs: syncWait, inferenceMs: inference, totalMs: total } = latency;
    const picture = this.#cameraModality === undefined ? undefined : messages.get(this.#cameraModality);
    const size = grid.pictureSize;
    this.#waiting.push({
      segmentation,
      model,
      arrivedAt,
      absent,
      latencyMs: { decode, syncWait, inference, total },
      sensors: this.#sensorViews(images),
      ...(picture && size && { camera: () => readPicture(picture, size) }),
      ...(stretch !== undefined && { stretch }),
    });
    await this.#release(this.#expectsTruth ? 'settled' : 'all');
  }

  /** Keeps of the images what a view needs; they are drawn only for the frames the report shows. */
  #sensorViews(images: FrameResult['images']): () => ReadonlyMap<string, RgbImage> {
    const small = [...images].flatMap(([modality, image]) => {
      const kind = modality === this.#cameraModality ? undefined : this.#representations.get(modality);
      return kind === undefined ? [] : [{ modality, kind, image: reduceForView(image) }];
    });
    return () => new Map(small.map(({ modality, kind, image }) => [modality, sensorView(image, kind)]));
  }

  dropped({ arrivedAt, reason }: DroppedFrame): void {
    this.#recorder.dropped(arrivedAt, reason);
  }

  async modalityChanged(change: ModalityChange): Promise<void> {
    this.#recorder.modalityState(change.modality, change.at, change.to, change.reason);
    this.#faults.changed(change);
    await this.#attempt('A state is left out of masks.mcap', change.at, () => this.#maskBag.modalityChanged(change));
  }

  async modelChanged(change: ModelChange): Promise<void> {
    this.#faults.modelChanged(change);
    await this.#attempt('A change of model is left out of masks.mcap', change.at, () =>
      this.#maskBag.modelChanged(change),
    );
  }

  async warned(warning: ModalityWarning): Promise<void> {
    this.#faults.warned(warning);
    await this.#attempt('A warning is left out of masks.mcap', warning.at, () => this.#maskBag.warned(warning));
  }

  problem(text: string, at?: Stamp, about?: ProblemAbout): void {
    this.#faults.problem(text, at, about);
  }

  notice(notice: PipelineNotice): void {
    this.#recorder.notice(describeNotice(notice));
  }

  /**
   * Passes an input message on into the bag of masks.
   */
  async copy(raw: RawMessage): Promise<void> {
    await this.#attempt(`A message of ${raw.topic} is not copied`, raw.receiveStamp, () => this.#maskBag.copy(raw));
  }

  /** What one message brings about costs what is made of that message; a disk that is full ends the run. */
  async #attempt(loss: string, at: Stamp, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
      this.#recorder.problem('error', `${loss}: ${(error as Error).message}`, at);
    }
  }

  /** Records what still waits for ground truth that did not come. */
  finish(): Promise<void> {
    return this.#release('all');
  }

  async #release(which: 'settled' | 'all'): Promise<void> {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const { stamp } = head.segmentation;
      const match = this.#truth.find(stamp);
      const isSettled = match?.distanceNs === 0n || this.#truth.isSettled(stamp) || this.#waiting.length > MOST_WAITING;
      if (which === 'settled' && !isSettled) return;
      this.#waiting.shift();
      this.#truth.releaseBefore(stamp);
      await this.#recorder.published({ ...head, ...(match && { groundTruth: match.image }) });
    }
  }
}

/** The camera's picture at its own size: decoded once more, but only for the frames the report shows. */
async function readPicture(message: RawMessage, size: ImageSize): Promise<RgbImage | undefined> {
  const picture = await decodePicture(message, size);
  return picture.kind === 'rgb' ? { ...size, data: picture.data } : undefined;
}
