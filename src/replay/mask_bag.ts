import { BagWriter, type TopicInfo } from '../bags/index.js';
import { resizeLabelsNearest } from '../evaluation/index.js';
import { encodeMessage, type RawMessage, type Stamp, schemaProblem } from '../messages/index.js';
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
  modalityDiagnostic,
  modelDiagnostic,
  mono8Image,
  outputHeader,
  syncDiagnostic,
} from '../pipeline/index.js';
import { type ColourTable, colourTable, encodeJpeg, pictureUnder, renderOverlay } from '../report/index.js';
import type { ImageSize } from '../sensors/index.js';

const NODE_NAME = 'mle_sam';

/** Topics of a replay's masks: those the node publishes, so that the same layouts and tools show both. */
export const MASK_TOPICS = {
  mask: '/mle_sam/mask',
  confidence: '/mle_sam/confidence',
  labelInfo: '/mle_sam/label_info',
  overlay: '/mle_sam/overlay/compressed',
  points: '/mle_sam/points',
  diagnostics: '/diagnostics',
} as const;

/** Without a picture its size is what a CameraInfo claims: no camera has more pixels. */
const MOST_PIXELS = 1 << 26;

const LATCHED = { reliability: 'reliable', durability: 'transient_local', history: 'keep_last', depth: 1 } as const;

export interface MaskBagOptions {
  /**
   * Topics of the input that will be passed on; they keep their QoS, or latched transforms would be lost on whoever
   * subscribes late.
   */
  copied: readonly TopicInfo[];
  /** Modalities without which there is no mask. */
  essential: ReadonlySet<string>;
  /** The sensors of all models; by default those of the bundle. */
  sensors?: Bundle['modalities'];
  /** Of several models, what each needs. */
  models?: readonly ModelNeeds[];
  /** Whether each LiDAR's points are written with the class of each. */
  points: 'labelled' | 'left-out';
}

/**
 * Writes what a replay made as a bag beside its input camera: `masks.mcap`, for Foxglove or `ros2 bag play`. Masks and
 * confidence are at the camera's own size, labels by nearest neighbour; the overlay is at the model's size.
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
  #inUse: ModelUse | undefined;
  #hasLabelInfo = false;

  private constructor(writer: BagWriter, bundle: Bundle, options: MaskBagOptions) {
    this.#copied = options.copied;
    this.#writer = writer;
    this.#bundle = bundle;
    this.#essential = options.essential;
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
    const { topic, type, data, schema, receiveStamp } = message;
    if (!this.#declared.has(topic)) {
      this.#declared.add(topic);
      const isUsable = schema !== undefined && schema.text.trim() !== '' && schemaProblem(message) === undefined;
      const qos = this.#copied.find(({ name }) => name === topic)?.qos[0];
      await this.#writer.declareTopic(topic, type, { ...(qos && { qos }), ...(isUsable && { schema }) });
    }
    await this.#writer.write({ topic, type, data, logTime: receiveStamp });
  }

  /**
   * Appends mask, confidence and overlay of one frame. Their log time is when the set was closed: the earliest at which
   * they could have been published, and the same on every run.
   */
  async frame(frame: FrameResult): Promise<void> {
    const { segmentation, images, grid, closedAt: at } = frame;
    const header = outputHeader(segmentation.stamp, segmentation.frameId);
    if (!this.#hasLabelInfo) {
      this.#hasLabelInfo = true;
      await this.#write(MASK_TOPICS.labelInfo, 'vision_msgs/msg/LabelInfo', labelInfo(header, this.#bundle), at);
    }
    const size = maskSize(grid.pictureSize, segmentation);
    const { labels, confidence } = segmentation;
    const mask = mono8Image(header, size, resizeLabelsNearest(labels, segmentation, size));
    await this.#write(MASK_TOPICS.mask, 'sensor_msgs/msg/Image', mask, at);
    if (confidence !== undefined) {
      const certainty = mono8Image(header, size, resizeLabelsNearest(confidence, segmentation, size));
      await this.#write(MASK_TOPICS.confidence, 'sensor_msgs/msg/Image', certainty, at);
    }
    const { width, height } = segmentation;
    const picture = pictureUnder(images, this.#camera, segmentation);
    const overlay = renderOverlay(picture, { width, height, labels }, this.#colours);
    const jpeg = jpegImage(header, await encodeJpeg(overlay));
    await this.#write(MASK_TOPICS.overlay, 'sensor_msgs/msg/CompressedImage', jpeg, at);
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
    const healths = [...this.#healths.values()];
    const sync = syncDiagnostic(NODE_NAME, healths, this.#essential, undefined, this.#models);
    const array = diagnosticArray(at, [
      sync,
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
