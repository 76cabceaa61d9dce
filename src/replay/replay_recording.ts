import { decodeMessage, type RawMessage, type Stamp } from '../messages/index.js';
import type { DroppedFrame, FrameResult, ModalityChange, PipelineSink } from '../pipeline/index.js';
import type { LabelImage, ReplayRecorder, RgbImage } from '../report/index.js';
import { decodePicture } from '../sensors/index.js';
import { GroundTruthBuffer, readGroundTruth } from './ground_truth.js';
import type { MaskBag } from './mask_bag.js';

/** A mask whose ground truth may still come. */
interface Waiting {
  frame: FrameResult;
  stretch: string | undefined;
}

export interface ReplayRecordingOptions {
  recorder: ReplayRecorder;
  masks: MaskBag;
  groundTruth: 'present' | 'absent';
  /** Modality whose pictures the report shows under the masks. */
  cameraModality: string | undefined;
}

/**
 * The sink of a replay: masks go into the bag beside it at once, and into the recorder as soon as the ground truth that
 * may belong to them has been read. Both see them in the order of their stamps.
 */
export class ReplayRecording implements PipelineSink {
  readonly #recorder: ReplayRecorder;
  readonly #maskBag: MaskBag;
  readonly #truth = new GroundTruthBuffer();
  readonly #expectsTruth: boolean;
  readonly #cameraModality: string | undefined;
  readonly #waiting: Waiting[] = [];
  #now: Stamp = 0n;
  readonly #conditions: { from: Stamp; name: string }[] = [];
  #count = 0;

  constructor(options: ReplayRecordingOptions) {
    this.#recorder = options.recorder;
    this.#maskBag = options.masks;
    this.#expectsTruth = options.groundTruth === 'present';
    this.#cameraModality = options.cameraModality;
  }

  /** Masks made so far. */
  get masks(): number {
    return this.#count;
  }

  /** Log time of the message being replayed. */
  set now(stamp: Stamp) {
    this.#now = stamp;
  }

  /** A label image has been read. */
  async groundTruth(raw: RawMessage): Promise<void> {
    const outcome = readGroundTruth(raw);
    if (outcome.kind === 'invalid') {
      this.#recorder.problem('warning', `Ground truth: ${outcome.reason}`);
      return;
    }
    this.#truth.add(outcome.stamp, outcome.image);
    await this.#release('settled');
  }

  /** The simulator says under which condition it drives from here on. */
  condition(raw: RawMessage): void {
    this.#conditions.push({ from: raw.receiveStamp, name: decodeMessage<{ data: string }>(raw).data });
  }

  async published(frame: FrameResult): Promise<void> {
    this.#count++;
    await this.#maskBag.frame(frame, this.#now);
    const { stamp } = frame.segmentation;
    const stretch = this.#conditions.findLast(({ from }) => from <= stamp)?.name;
    this.#waiting.push({ frame, stretch });
    await this.#release(this.#expectsTruth ? 'settled' : 'all');
  }

  dropped({ stamp, reason }: DroppedFrame): void {
    this.#recorder.dropped(stamp, reason);
  }

  async modalityChanged(change: ModalityChange): Promise<void> {
    this.#recorder.modalityState(change.modality, change.at, change.to, change.reason);
    await this.#maskBag.modalityChanged(change);
  }

  problem(text: string): void {
    this.#recorder.problem('warning', text);
  }

  /** Records what still waits for ground truth that did not come. */
  finish(): Promise<void> {
    return this.#release('all');
  }

  async #release(which: 'settled' | 'all'): Promise<void> {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const { stamp } = head.frame.segmentation;
      const match = this.#truth.find(stamp);
      if (which === 'settled' && match?.distanceNs !== 0n && !this.#truth.isSettled(stamp)) return;
      this.#waiting.shift();
      this.#truth.releaseBefore(stamp);
      await this.#record(head, match?.image);
    }
  }

  async #record({ frame, stretch }: Waiting, groundTruth: LabelImage | undefined): Promise<void> {
    const { segmentation, absent, latency } = frame;
    const { decodeMs: decode, syncWaitMs: syncWait, inferenceMs: inference, totalMs: total } = latency;
    await this.#recorder.published({
      segmentation,
      absent,
      latencyMs: { decode, syncWait, inference, total },
      camera: () => this.#picture(frame),
      ...(groundTruth && { groundTruth }),
      ...(stretch !== undefined && { stretch }),
    });
  }

  /** The camera's picture at its own size: decoded once more, but only for the frames the report shows. */
  async #picture({ messages, grid }: FrameResult): Promise<RgbImage | undefined> {
    const message = this.#cameraModality === undefined ? undefined : messages.get(this.#cameraModality);
    const size = grid.pictureSize;
    if (message === undefined || size === undefined) return undefined;
    const picture = await decodePicture(message, size);
    return picture.kind === 'rgb' ? { ...size, data: picture.data } : undefined;
  }
}
