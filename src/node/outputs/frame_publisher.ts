import type { OutputSettings } from '../../configuration/index.js';
import { resizeLabelsNearest } from '../../evaluation/index.js';
import type { Header, Image } from '../../messages/index.js';
import type { Bundle } from '../../model/index.js';
import {
  CloudLabeller,
  type FrameResult,
  jpegImage,
  labelInfo,
  maskInfo,
  mono8Image,
  outputHeader,
  pngImage,
} from '../../pipeline/index.js';
import { type ColourTable, colourTable, encodeJpeg, encodeMaskPng } from '../../report/overlay.js';
import { paintOverlay } from '../../report/paint_overlay.js';
import { nextTurn } from '../../sensors/in_slices.js';
import type { ImageSize } from '../../sensors/index.js';
import type { OutputPublishers } from './output_publishers.js';
import { semanticMask } from './semantic_mask.js';

/** Without a picture its size is what a CameraInfo claims: no camera has more pixels. */
const MOST_PIXELS = 1 << 26;

/** Publishes one frame in all the forms somebody listens to, giving way to the event loop in between. */
export class FramePublisher {
  readonly #publishers: OutputPublishers;
  readonly #bundle: Bundle;
  readonly #colours: ColourTable;
  readonly #camera: string | undefined;
  readonly #nodeName: string;
  readonly #labeller: CloudLabeller;
  readonly #onProblem: (text: string) => void;
  /** Why a LiDAR's points have no classes, as last told. */
  readonly #unlabelled = new Map<string, string>();
  #settings: OutputSettings;

  /**
   * @param nodeName - full name without the leading slash
   * @param onProblem - told of a form of the frame that cannot be made; the others are published
   */
  constructor(
    publishers: OutputPublishers,
    bundle: Bundle,
    settings: OutputSettings,
    nodeName: string,
    onProblem: (text: string) => void,
  ) {
    this.#publishers = publishers;
    this.#nodeName = nodeName;
    this.#bundle = bundle;
    this.#settings = settings;
    this.#colours = colourTable(bundle.classes);
    this.#labeller = new CloudLabeller(bundle, this.#colours);
    this.#onProblem = onProblem;
    this.#camera = bundle.modalities.find(({ representation }) => representation.kind === 'rgb')?.name;
  }

  retune(settings: OutputSettings): void {
    this.#settings = settings;
  }

  /** Publishes what the ids in the masks mean; latched, so once is enough. */
  labelInfo(header: Header): void {
    this.#publishers.publish('label_info', labelInfo(header, this.#bundle));
  }

  async publish(frame: FrameResult): Promise<void> {
    const publishers = this.#publishers;
    const { segmentation } = frame;
    const { labels, confidence } = segmentation;
    const header = outputHeader(segmentation.stamp, segmentation.frameId);
    const size = this.#sizeOf(frame);
    const resized = (pixels: Uint8Array): Image =>
      mono8Image(header, size, sameSize(size, segmentation) ? pixels : resizeLabelsNearest(pixels, segmentation, size));
    const isWhole = publishers.isWanted('semantic_mask');
    const isPainted = publishers.isWanted('overlay') || publishers.isWanted('overlay_compressed');

    const isColoured = publishers.isWanted('mask_color');
    const isMaskWanted = isWhole || isPainted || isColoured || publishers.isWanted('mask');
    const mask = isMaskWanted ? resized(labels) : undefined;
    if (mask !== undefined) {
      await nextTurn();
      publishers.publish('mask', mask);
    }
    if (isWhole || publishers.isWanted('confidence')) {
      await nextTurn();
      const certainty = confidence && resized(confidence);
      await nextTurn();
      if (certainty !== undefined) publishers.publish('confidence', certainty);
      if (isWhole && mask !== undefined) {
        await nextTurn();
        const images = { mask, ...(certainty && { confidence: certainty }) };
        publishers.publish('semantic_mask', semanticMask(header, frame, this.#bundle, images));
      }
    }
    if (publishers.isWanted('mask_info')) {
      publishers.publish('mask_info', maskInfo(header, this.#nodeName, frame));
    }
    if (isColoured && mask !== undefined) {
      const png = await encodeMaskPng({ ...size, labels: mask.data }, this.#colours);
      publishers.publish('mask_color', pngImage(header, png));
    }
    if (publishers.isWanted('points')) await this.#publishPoints(frame);
    if (isPainted && mask !== undefined) await this.#publishOverlay(frame, header, size, mask.data);
  }

  async #publishPoints(frame: FrameResult): Promise<void> {
    for (const labelled of await this.#labeller.label(frame)) {
      if (labelled.kind === 'cloud') this.#publishers.publish('points', labelled.cloud);
      else this.#tellUnlabelled(labelled.modality, labelled.reason);
      await nextTurn();
    }
  }

  /** Once for each reason: the next cloud has most likely the same. */
  #tellUnlabelled(modality: string, reason: string): void {
    if (this.#unlabelled.get(modality) === reason) return;
    this.#unlabelled.set(modality, reason);
    this.#onProblem(`No labelled points of ${modality}: ${reason}.`);
  }

  async #publishOverlay(frame: FrameResult, header: Header, size: ImageSize, labels: Uint8Array): Promise<void> {
    const publishers = this.#publishers;
    const { opacity, jpegQuality } = this.#settings.overlay;
    const colours = this.#colours;
    const overlay = await paintOverlay(frame, this.#camera, { size, labels, colours, opacity });
    if (publishers.isWanted('overlay')) {
      const { width, height, data } = overlay;
      const picture: Image = { header, height, width, encoding: 'rgb8', is_bigendian: 0, step: width * 3, data };
      publishers.publish('overlay', picture);
    }
    if (!publishers.isWanted('overlay_compressed')) return;
    const jpeg = await encodeJpeg(overlay, { quality: jpegQuality });
    publishers.publish('overlay_compressed', jpegImage(header, jpeg));
  }

  #sizeOf({ grid: { pictureSize }, segmentation }: FrameResult): ImageSize {
    if (this.#settings.size === 'model' || pictureSize === undefined) return segmentation;
    return pictureSize.width * pictureSize.height > MOST_PIXELS ? segmentation : pictureSize;
  }
}

function sameSize(a: ImageSize, b: ImageSize): boolean {
  return a.width === b.width && a.height === b.height;
}
