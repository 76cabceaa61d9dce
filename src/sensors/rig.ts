import { decodeMessage, peekHeader } from '../messages/index.js';
import type { RawMessage } from '../messages/raw_message.js';
import type { Stamp } from '../messages/stamp.js';
import type { CameraInfo, Odometry } from '../messages/types.js';
import { ownValue } from '../records/own_value.js';
import type { CameraModel, ImageGeometry, TfTreeOptions } from './calibration/index.js';
import { ContentWatch } from './content_watch.js';
import { createDecoder } from './decoders/create_decoder.js';
import type { LabelledPoints, ModalityDecoder, PointMask } from './decoders/modality_decoder.js';
import { InputWatch, type ModalityStatistics } from './input_watch.js';
import type { DecodeOutcome, ImageSize } from './modality_image.js';
import { MotionWatch } from './motion_watch.js';
import type { SensorNotice } from './notice.js';
import { sameAspect } from './picture_shape.js';
import { type SensorReason, type Unusable, unusable } from './reason.js';
import type { Representation } from './representation.js';
import { type ConfiguredCalibration, RigCalibration } from './rig_calibration.js';
import type { MotionOptions, SensorOptions } from './sensor_options.js';

/** Where a modality's messages come from. */
export interface ModalityInput extends SensorOptions {
  topic: string;
  /** Topic of its CameraInfo. Default: the topics drivers use for it, see {@link cameraInfoTopics}. */
  infoTopic?: string;
}

export interface SensorRigOptions {
  /** The model's input size. */
  grid: ImageSize;
  modalities: readonly { name: string; representation: Representation }[];
  /** By modality; one without input is never seen. */
  inputs: ReadonlyMap<string, ModalityInput>;
  /** Frame on the ground, z up, that heights are measured in. Default `base_link`. */
  baseFrame?: string;
  /** The modality whose pixel grid all others are brought to. Default: the first with representation `rgb`. */
  referenceCamera?: string;
  /** Calibration for what is not published. */
  configured?: ConfiguredCalibration;
  /**
   * So many messages in a row with identical content make a sensor `frozen` where another one sees the scene move; 0 for
   * never. Default 3.
   */
  identicalLimit?: number;
  tf?: TfTreeOptions;
  motion?: MotionOptions;
  /** What the images of each modality looked like in training, where the bundle says so. */
  trainedOn?: Readonly<Record<string, ModalityStatistics>>;
  /** `kept`: the model wants pictures of the grid's proportions, and others are told. Default `any`. */
  proportions?: 'any' | 'kept';
  /** Told what the rig found out about a sensor, each thing once. */
  onNotice?: (notice: SensorNotice) => void;
}

/** What a message is to the synchroniser: a sample with its sensor time, or not usable. */
export type IngestOutcome = { kind: 'sample'; stamp: Stamp; frameId: string } | Unusable;

/** The grid all images lie on, and what brings masks back to the camera's own size. */
export interface RigGrid {
  size: ImageSize;
  /** The reference camera scaled to `size`; undefined while it is not calibrated. */
  model: CameraModel | undefined;
  /** The reference camera's CameraInfo as last received or configured. */
  cameraInfo: CameraInfo | undefined;
  /** Size of the reference camera's own pictures; undefined while neither picture nor CameraInfo is known. */
  pictureSize: ImageSize | undefined;
  /** Frame the masks belong to; empty while nothing is known. */
  frameId: string;
}

/**
 * All sensors of a robot as one: takes their messages, keeps their calibration, and turns chosen messages into images
 * on the reference camera's grid. Which kind of sensor a modality is, its representation says; no name is special.
 *
 * Nothing here throws on a bad message: it becomes `invalid` with a reason, and the other sensors go on.
 */
export class SensorRig {
  readonly #size: ImageSize;
  readonly #referenceCamera: string;
  #proportions: 'any' | 'kept';
  readonly #calibration: RigCalibration;
  readonly #watch = new ContentWatch();
  readonly #motion = new MotionWatch();
  readonly #decoders = new Map<string, ModalityDecoder>();
  readonly #inputWatches = new Map<string, InputWatch>();
  readonly #tell: (notice: SensorNotice) => void;
  readonly #inputs: ReadonlyMap<string, ModalityInput>;
  /** By modality, the frame of its latest message. */
  readonly #frames = new Map<string, string>();
  readonly #modalitiesByInfoTopic = new Map<string, string[]>();
  /** By modality, the topic its CameraInfo was last taken from. */
  readonly #infoTopicInUse = new Map<string, string>();

  /** @throws Error where the reference camera is none of the modalities */
  constructor(options: SensorRigOptions) {
    const { grid, modalities, inputs } = options;
    const names = modalities.map(({ name }) => name);
    const firstCamera = modalities.find(({ representation }) => representation.kind === 'rgb')?.name;
    const referenceCamera = options.referenceCamera ?? firstCamera ?? names[0] ?? '';
    if (!names.includes(referenceCamera)) {
      throw new Error(`Expected one of ${names.join(', ')} for referenceCamera but received '${referenceCamera}'`);
    }
    this.#size = grid;
    this.#referenceCamera = referenceCamera;
    this.#proportions = options.proportions ?? 'any';
    this.#tell = (notice) => options.onNotice?.(notice);
    this.#inputs = inputs;
    this.retune(options.identicalLimit ?? 3, limitsOf(inputs));
    const geometries = new Map<string, ImageGeometry>();
    for (const [name, { geometry }] of inputs) if (geometry !== undefined) geometries.set(name, geometry);
    this.#calibration = new RigCalibration({
      grid,
      referenceCamera,
      baseFrame: options.baseFrame ?? 'base_link',
      geometries,
      ...(options.configured && { configured: options.configured }),
      ...(options.tf && { tf: options.tf }),
      ...(options.motion && { motion: options.motion }),
      tell: (notice) => this.#tell(notice),
    });
    for (const { name, representation } of modalities) {
      const trained = ownValue(options.trainedOn ?? {}, name);
      this.#inputWatches.set(name, new InputWatch(name, representation, trained));
      const maxScatter = trained?.maxScatter;
      const settings = { ...(maxScatter !== undefined && { maxScatter }), ...inputs.get(name) };
      this.#decoders.set(name, createDecoder(name, representation, grid, this.#calibration, settings, this.#tell));
      for (const topic of this.infoTopics(name)) {
        this.#modalitiesByInfoTopic.set(topic, [...(this.#modalitiesByInfoTopic.get(topic) ?? []), name]);
      }
    }
  }

  /**
   * Puts other limits in force for content that repeats.
   * @param own - limits of single modalities: these hold whatever the others see
   */
  retune(identicalLimit: number, own: ReadonlyMap<string, number>): void {
    this.#watch.retune(identicalLimit, own);
  }

  /** The same content again is a fault where something moves. Where all is still, it may be the truth. */
  #isFrozen(modality: string, raw: RawMessage): boolean {
    const since = this.#watch.frozenSince(modality, raw);
    if (since === undefined) return false;
    return this.#watch.hasOwnLimit(modality) || this.#motion.othersMovedSince(modality, since);
  }

  /** Topics on which a modality's CameraInfo is looked for, the surest last. */
  infoTopics(modality: string): readonly string[] {
    const input = this.#inputs.get(modality);
    if (input === undefined) return [];
    return input.infoTopic === undefined ? cameraInfoTopics(input.topic) : [input.infoTopic];
  }

  /**
   * Takes in calibration: CameraInfo on one of the rig's topics, and TF; anything else is ignored.
   * @returns what is wrong with the message, one sentence each; empty for a good one
   */
  observe(raw: RawMessage): string[] {
    this.#calibration.advance(raw.receiveStamp);
    try {
      switch (raw.type) {
        case 'tf2_msgs/msg/TFMessage':
          return this.#calibration.observeTransforms(raw, raw.topic.endsWith('_static') ? 'static' : 'dynamic');
        case 'nav_msgs/msg/Odometry':
          return this.#calibration.motion.observeOdometry(decodeMessage<Odometry>(raw), this.#calibration.baseFrame);
        case 'sensor_msgs/msg/CameraInfo': {
          const modalities = this.#modalitiesByInfoTopic.get(raw.topic) ?? [];
          const problems = modalities.map((name) => this.#observeCameraInfo(name, raw));
          return problems.filter((problem) => problem !== undefined);
        }
        default:
          return [];
      }
    } catch (error) {
      return [messageOf(error)];
    }
  }

  /**
   * Looks at a message as it arrives: reads its header, notes whether its content changed, and decodes events into
   * their ring. Pictures and clouds are decoded later, and only if the synchroniser chooses them.
   * @param decoding - `when-needed`: events are kept as they came, as far back as a window reaches, until one is drawn
   */
  ingest(modality: string, raw: RawMessage, decoding: 'now' | 'when-needed' = 'now'): IngestOutcome {
    this.#calibration.advance(raw.receiveStamp);
    const decoder = this.#decoders.get(modality);
    if (decoder === undefined) return invalid(`Expected one of ${this.#names()} but received modality '${modality}'`);
    if (!decoder.messageTypes.includes(raw.type)) {
      return invalid(`Expected ${decoder.messageTypes.join(' or ')} on ${raw.topic} but received ${raw.type}`);
    }
    const header = peekHeader(raw);
    if (header.kind === 'malformed') return invalid(header.reason);
    if (header.kind === 'headerless')
      return invalid(`Expected a header in ${raw.type} on ${raw.topic} but it has none`);
    const { stamp, frameId } = header;
    try {
      const problem = decoder.ingest?.({ raw, stamp, frameId }, decoding);
      if (problem !== undefined) return invalid(problem);
    } catch (error) {
      return invalid(messageOf(error));
    }
    this.#frames.set(modality, frameId);
    if (decoder.repetition === 'unnatural') this.#watch.observe(modality, raw);
    return { kind: 'sample', stamp, frameId };
  }

  /**
   * Turns a message that went through {@link ingest} into an image on the grid.
   * @param referenceStamp - the set's stamp: event windows end there
   */
  async decode(modality: string, raw: RawMessage, referenceStamp: Stamp): Promise<DecodeOutcome> {
    const decoder = this.#decoders.get(modality);
    if (decoder === undefined) return invalid(`Expected one of ${this.#names()} but received modality '${modality}'`);
    const header = peekHeader(raw);
    if (header.kind !== 'header') return invalid(`Expected a message with a header on ${raw.topic}`);
    const { stamp, frameId } = header;
    try {
      const content = await decoder.decode({ raw, stamp, frameId }, referenceStamp);
      if (content.kind === 'invalid') return content.cause ? unusable(content.cause) : invalid(content.reason);
      if (content.quality.kind === 'good') this.#motion.see(modality, content.data, raw.receiveStamp);
      const isFrozen = content.quality.kind === 'good' && this.#isFrozen(modality, raw);
      const quality = isFrozen ? ({ kind: 'blind', reason: 'frozen' } as const) : content.quality;
      if (quality.kind === 'good') {
        const notice = this.#inputWatches.get(modality)?.observe(content.data);
        if (notice !== undefined) this.#tell(notice);
      }
      return { kind: 'image', image: { modality, ...this.#size, stamp: content.stamp, data: content.data, quality } };
    } catch (error) {
      return invalid(messageOf(error));
    }
  }

  /**
   * Gives the points of a message the classes of the mask it was used for.
   * @returns `invalid` also for a sensor that does not measure points
   */
  async labelPoints(modality: string, raw: RawMessage, mask: PointMask): Promise<LabelledPoints> {
    const decoder = this.#decoders.get(modality);
    const header = peekHeader(raw);
    if (decoder?.labelPoints === undefined || header.kind !== 'header') {
      return invalid(`Expected a point cloud with a header for ${modality} but received ${raw.type}`);
    }
    try {
      return await decoder.labelPoints({ raw, stamp: header.stamp, frameId: header.frameId }, mask);
    } catch (error) {
      return invalid(messageOf(error));
    }
  }

  /**
   * What is wrong with a modality's CameraInfo although one is in force: the latest cannot be used, or it belongs to
   * another frame than the messages.
   */
  calibrationWarning(modality: string): SensorReason | undefined {
    return this.#calibration.warning(modality, this.#frames.get(modality));
  }

  /** The grid as it is known now. It stays when the camera dies. */
  grid(): RigGrid {
    const outcome = this.#calibration.grid();
    const picture = this.#calibration.picture;
    if (outcome.kind === 'invalid') {
      if (picture !== undefined) this.#compareProportions(picture.size);
      return {
        size: this.#size,
        model: undefined,
        cameraInfo: undefined,
        pictureSize: picture?.size,
        frameId: picture?.frameId ?? '',
      };
    }
    const { model, info, frameId, nativeSize } = outcome;
    const pictureSize = picture !== undefined && sameAspect(picture.size, nativeSize) ? picture.size : nativeSize;
    this.#compareProportions(pictureSize);
    return { size: this.#size, model, cameraInfo: info, pictureSize, frameId };
  }

  /** Once: pictures of other proportions are stretched to those that a letterbox or crop was made for. */
  #compareProportions(picture: ImageSize): void {
    if (this.#proportions === 'any' || sameAspect(picture, this.#size)) return;
    this.#proportions = 'any';
    this.#tell({ code: 'other-proportions', modality: this.#referenceCamera, picture, grid: this.#size });
  }

  /** True where a sensor's image depends on the set it is for: it is carried over to the set's stamp. */
  dependsOnReference(modality: string): boolean {
    const isCarried = this.#decoders.get(modality)?.isCarried ?? false;
    return isCarried && this.#calibration.motion.fixedFrame !== undefined;
  }

  /** Modalities that are alive, but for long not such as the model was trained on. */
  concerns(): Map<string, SensorNotice> {
    const concerns = new Map<string, SensorNotice>();
    for (const [modality, { concern }] of this.#inputWatches) if (concern) concerns.set(modality, concern);
    return concerns;
  }

  /** Forgets what belongs to a moment, after the clock jumped back: events, moving transforms, repeats. */
  reset(): void {
    this.#calibration.clearMoving();
    this.#watch.reset();
    this.#motion.reset();
    for (const decoder of this.#decoders.values()) decoder.reset?.();
  }

  /** The topic below a sensor's own is surely that sensor's; once it tells, the one beside, maybe a neighbour's, is not heard. */
  #observeCameraInfo(modality: string, raw: RawMessage): string | undefined {
    const topics = this.infoTopics(modality);
    const inUse = this.#infoTopicInUse.get(modality);
    if (inUse !== undefined && topics.indexOf(raw.topic) < topics.indexOf(inUse)) return undefined;
    const problem = this.#calibration.observeCameraInfo(modality, raw);
    if (problem === undefined) this.#infoTopicInUse.set(modality, raw.topic);
    return problem;
  }

  #names(): string {
    return [...this.#decoders.keys()].join(', ');
  }
}

/**
 * Where drivers publish the CameraInfo of a topic, the surest place last: beside it (`/camera/image_raw/compressed` has
 * `/camera/camera_info`, image_transport's rule), or below it, as for a sensor with a single topic.
 */
export function cameraInfoTopics(topic: string): string[] {
  const base = topic.replace(/\/(compressed|compressedDepth)$/, '');
  const namespace = base.slice(0, base.lastIndexOf('/') + 1);
  return [`${namespace}camera_info`, `${base}/camera_info`];
}

function invalid(detail: string): Unusable {
  return unusable({ code: 'undecodable', detail });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function limitsOf(inputs: ReadonlyMap<string, ModalityInput>): Map<string, number> {
  return new Map(
    [...inputs].flatMap(([name, { frozenAfter }]) => (frozenAfter === undefined ? [] : [[name, frozenAfter]])),
  );
}
