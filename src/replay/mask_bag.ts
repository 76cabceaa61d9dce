import { BagWriter, type TopicInfo } from '../bags/index.js';
import { resizeLabelsNearest } from '../evaluation/index.js';
import { encodeMessage, type Header, type RawMessage, type Stamp, schemaProblem } from '../messages/index.js';
import { type Bundle, type ModelNeeds, modelNeeds } from '../model/index.js';
import {
  CloudLabeller,
  diagnosticArray,
  type FrameResult,
  jpegImage,
  labelInfo,
  type ModalityChange,
  type ModalityHealth,
  type ModalityWarning,
  type ModelChange,
  type ModelUse,
  maskInfo,
  modalityDiagnostic,
  modelDiagnostic,
  mono8Image,
  outputHeader,
  pngImage,
  syncDiagnostic,
} from '../pipeline/index.js';
import {
  type ColourTable,
  colourTable,
  encodeJpeg,
  encodeMaskPng,
  type LabelImage,
  paintOverlay,
} from '../report/index.js';
import type { ImageSize } from '../sensors/index.js';
import { InferenceLog } from './inference_log.js';

const NODE_NAME = 'mle_sam';

/** Topics of a replay's masks: those the node publishes, so that the same layouts and tools show both. */
export const MASK_TOPICS = {
  mask: '/mle_sam/mask',
  maskColor: '/mle_sam/mask_color/compressed',
  confidence: '/mle_sam/confidence',
  labelInfo: '/mle_sam/label_info',
  overlay: '/mle_sam/overlay/compressed',
  maskInfo: '/mle_sam/mask_info',
  points: '/mle_sam/points',
  diagnostics: '/diagnostics',
} as const;

/** Ground truth in the colours of the classes, beside the labels themselves. */
export const TRUTH_TOPIC = '/ground_truth/color/compressed';

/** Diagnostics are told at least so often, in nanoseconds of the bag's time, as the node does. */
const DIAGNOSTICS_PERIOD = 1_000_000_000n;

/** Without a picture its size is what a CameraInfo claims: no camera has more pixels. */
const MOST_PIXELS = 1 << 26;

const LATCHED = { reliability: 'reliable', durability: 'transient_local', history: 'keep_last', depth: 1 } as const;

export interface MaskBagOptions {
  /**
   * Topics of the input that will be passed on; they keep their QoS, or latched transforms would be lost on whoever
   * subscribes late.
   */
  copied: readonly TopicInfo[];
  /** Names under which some of them are passed on: those that layouts look for. */
  renamed?: ReadonlyMap<string, string>;
  /** Modalities without which there is no mask. */
  essential: ReadonlySet<string>;
  /** The sensors of all models; by default those of the bundle. */
  sensors?: Bundle['modalities'];
  /** Of several models, what each needs. */
  models?: readonly ModelNeeds[];
  /** Whether each LiDAR's points are written with the class of each. */
  points: 'labelled' | 'left-out';
  /** Where the model runs. */
  provider: string;
  /** Whether times are told that the clock of this machine says: they differ from run to run. */
  wallTimes: 'told' | 'left-out';
}

/**
 * Writes what a replay made as a bag beside its input camera: `masks.mcap`, for Foxglove or `ros2 bag play`. Topics are
 * those of the node, so that one layout shows both. Pictures are at the camera's own size, labels by nearest neighbour.
 */
export class MaskBag {
  readonly #writer: BagWriter;
  readonly #copied: readonly TopicInfo[];
  /** Topics of the input that were met. */
  readonly #declared = new Set<string>();
  readonly #bundle: Bundle;
  readonly #colours: ColourTable;
  readonly #essential: ReadonlySet<string>;
  /** Undefined where no points are wanted. */
  readonly #labeller: CloudLabeller | undefined;
  readonly #healths: Map<string, ModalityHealth>;
  readonly #models: readonly ModelNeeds[];
  readonly #camera: string | undefined;
  readonly #renamed: ReadonlyMap<string, string>;
  readonly #wallTimes: MaskBagOptions['wallTimes'];
  readonly #inference: InferenceLog;
  #diagnosedAt: Stamp | undefined;
  #inUse: ModelUse | undefined;
  #hasLabelInfo = false;

  private constructor(writer: BagWriter, bundle: Bundle, options: MaskBagOptions) {
    this.#copied = options.copied;
    this.#writer = writer;
    this.#bundle = bundle;
    this.#essential = options.essential;
    this.#renamed = options.renamed ?? new Map();
    this.#wallTimes = options.wallTimes;
    this.#inference = new InferenceLog(NODE_NAME, options);
    this.#colours = colourTable(bundle.classes);
    const { sensors = bundle.modalities, models = [modelNeeds(bundle)] } = options;
    this.#models = models;
    this.#camera = sensors.find(({ representation }) => representation.kind === 'rgb')?.name;
    this.#labeller =
      options.points === 'labelled' ? new CloudLabeller({ modalities: sensors }, this.#colours) : undefined;
    this.#healths = new Map(sensors.map(({ name }) => [name, { modality: name, state: 'waiting', reason: undefined }]));
  }

  /** @param path - a file ending in `.mcap`; one that is there is replaced */
  static async create(path: string, bundle: Bundle, options: MaskBagOptions): Promise<MaskBag> {
    const writer = await BagWriter.create(path);
    await writer.declareTopic(MASK_TOPICS.labelInfo, 'vision_msgs/msg/LabelInfo', { qos: LATCHED });
    return new MaskBag(writer, bundle, options);
  }

  /** Passes an input message on, unchanged, with the definition it came with where that one can be used. */
  async copy(message: RawMessage): Promise<void> {
    const { type, data, schema, receiveStamp } = message;
    const topic = this.#renamed.get(message.topic) ?? message.topic;
    if (!this.#declared.has(topic)) {
      this.#declared.add(topic);
      const isUsable = schema !== undefined && schema.text.trim() !== '' && schemaProblem(message) === undefined;
      const qos = this.#copied.find(({ name }) => name === message.topic)?.qos[0];
      await this.#writer.declareTopic(topic, type, { ...(qos && { qos }), ...(isUsable && { schema }) });
    }
    await this.#writer.write({ topic, type, data, logTime: receiveStamp });
  }

  /**
   * Appends mask, confidence, overlay and what they were made from of one frame. Their log time is when the set was closed: the earliest at which
   * they could have been published, and the same on every run.
   */
  async frame(frame: FrameResult): Promise<void> {
    const { segmentation, grid, closedAt: at } = frame;
    const header = outputHeader(segmentation.stamp, segmentation.frameId);
    if (!this.#hasLabelInfo) {
      this.#hasLabelInfo = true;
      await this.#write(MASK_TOPICS.labelInfo, 'vision_msgs/msg/LabelInfo', labelInfo(header, this.#bundle), at);
    }
    const size = maskSize(grid.pictureSize, segmentation);
    const { labels, confidence } = segmentation;
    const mask = { ...size, labels: resizeLabelsNearest(labels, segmentation, size) };
    await this.#write(MASK_TOPICS.mask, 'sensor_msgs/msg/Image', mono8Image(header, size, mask.labels), at);
    await this.#coloured(MASK_TOPICS.maskColor, header, mask, at);
    if (confidence !== undefined) {
      const certainty = mono8Image(header, size, resizeLabelsNearest(confidence, segmentation, size));
      await this.#write(MASK_TOPICS.confidence, 'sensor_msgs/msg/Image', certainty, at);
    }
    const colours = this.#colours;
    const overlay = await paintOverlay(frame, this.#camera, { size, labels: mask.labels, colours, opacity: 0.5 });
    const jpeg = jpegImage(header, await encodeJpeg(overlay));
    await this.#write(MASK_TOPICS.overlay, 'sensor_msgs/msg/CompressedImage', jpeg, at);
    const info = maskInfo(header, NODE_NAME, frame, this.#wallTimes);
    await this.#write(MASK_TOPICS.maskInfo, 'diagnostic_msgs/msg/DiagnosticArray', info, at);
    this.#inference.add(frame);
    if (this.#diagnosedAt === undefined || at - this.#diagnosedAt >= DIAGNOSTICS_PERIOD) await this.#diagnose(at);
  }

  /**
   * Appends a label image in the colours of the classes.
   * @param at - when it was received
   */
  async truth(stamp: Stamp, image: LabelImage, at: Stamp): Promise<void> {
    await this.#coloured(TRUTH_TOPIC, outputHeader(stamp, ''), image, at);
  }

  async #coloured(topic: string, header: Header, image: LabelImage, at: Stamp): Promise<void> {
    const png = pngImage(header, await encodeMaskPng(image, this.#colours));
    await this.#write(topic, 'sensor_msgs/msg/CompressedImage', png, at);
  }

  /**
   * Appends the labelled clouds of one frame, where they are wanted.
   * @throws Error where a cloud cannot be labelled
   */
  async points(frame: FrameResult): Promise<void> {
    for (const labelled of (await this.#labeller?.label(frame)) ?? []) {
      if (labelled.kind === 'problem') throw new Error(`${labelled.modality}: ${labelled.reason}`);
      await this.#write(MASK_TOPICS.points, 'sensor_msgs/msg/PointCloud2', labelled.cloud, frame.closedAt);
    }
  }

  /** Appends the health of all modalities after one of them changed. */
  async modalityChanged({ modality, to, reason, at }: ModalityChange): Promise<void> {
    this.#healths.set(modality, { ...this.#healths.get(modality), modality, state: to, reason });
    await this.#diagnose(at);
  }

  /** The same after one of them is doubted, or no longer. */
  async warned({ modality, reason, at }: ModalityWarning): Promise<void> {
    const health = this.#healths.get(modality);
    if (health !== undefined) this.#healths.set(modality, { ...health, doubt: reason });
    await this.#diagnose(at);
  }

  /** The same after another model makes the masks. */
  async modelChanged({ model, at }: ModelChange): Promise<void> {
    this.#inUse = model;
    await this.#diagnose(at);
  }

  async #diagnose(at: Stamp): Promise<void> {
    this.#diagnosedAt = at;
    const healths = [...this.#healths.values()];
    const sync = syncDiagnostic(NODE_NAME, healths, this.#essential, undefined, this.#models);
    const array = diagnosticArray(at, [
      sync,
      this.#inference.status(at),
      ...(this.#inUse === undefined ? [] : [modelDiagnostic(NODE_NAME, this.#inUse)]),
      ...healths.map((health) => modalityDiagnostic(NODE_NAME, health)),
    ]);
    await this.#write(MASK_TOPICS.diagnostics, 'diagnostic_msgs/msg/DiagnosticArray', array, at);
  }

  /** Ends the file; without it the bag has no summary. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  async #write(topic: string, type: string, message: object, logTime: Stamp): Promise<void> {
    await this.#writer.write({ topic, type, data: encodeMessage(type, message), logTime });
  }
}

function maskSize(picture: ImageSize | undefined, model: ImageSize): ImageSize {
  return picture === undefined || picture.width * picture.height > MOST_PIXELS ? model : picture;
}
