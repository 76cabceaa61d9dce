import type { Stamp } from '../messages/index.js';
import type { Bundle } from '../model/index.js';
import type { FrameResult } from '../pipeline/index.js';
import {
  type ColourTable,
  colourTable,
  encodeJpeg,
  encodeMaskPng,
  pictureUnder,
  renderOverlay,
} from '../report/index.js';
import type { FaultWindow } from './fault_window.js';
import { unpackLabels } from './packed_labels.js';
import type { RunRecord } from './run_record.js';

export const MOMENTS = ['before', 'during', 'after'] as const;
export type Moment = (typeof MOMENTS)[number];

/** Mask over the camera's picture at three moments, and what the clean run made of the second. */
export interface ScenarioPictures {
  /** JPEG; missing where no mask was made any more. */
  moments: Partial<Record<Moment, { jpeg: Buffer; publishedAt: Stamp; present: readonly string[] }>>;
  /** PNG of the clean run's mask at the moment of `during`. */
  cleanDuring: Buffer | undefined;
}

const HALF_A_SECOND = 500_000_000n;
/** By then a sensor is back, and in a short bag nothing else has happened yet. */
const SETTLED_NS = 400_000_000n;

/** Takes the pictures of a scenario out of its run as the frames go by. */
export class PictureTaker {
  readonly #wanted: { moment: Moment; from: Stamp; before: Stamp | undefined }[];
  readonly #cameraModality: string | undefined;
  readonly #colours: ColourTable;
  readonly #moments: ScenarioPictures['moments'] = {};

  constructor({ start, end, ending }: FaultWindow, sensors: Bundle['modalities'], classes: Bundle['classes']) {
    this.#wanted = [
      { moment: 'before', from: start - HALF_A_SECOND, before: start },
      { moment: 'during', from: start + (end - start) / 2n, before: end },
      ...(ending === 'within' ? [{ moment: 'after' as const, from: end + SETTLED_NS, before: undefined }] : []),
    ];
    this.#cameraModality = sensors.find(({ representation }) => representation.kind === 'rgb')?.name;
    this.#colours = colourTable(classes);
  }

  /** Looks at a mask as it is made. */
  async see({ segmentation, images, closedAt: publishedAt }: FrameResult): Promise<void> {
    const { width, height, labels, present } = segmentation;
    for (const { moment, from, before } of this.#wanted) {
      if (this.#moments[moment] !== undefined || publishedAt < from) continue;
      if (before !== undefined && publishedAt >= before) continue;
      const picture = pictureUnder(images, this.#cameraModality, segmentation);
      const overlay = renderOverlay(picture, { width, height, labels }, this.#colours);
      this.#moments[moment] = { jpeg: await encodeJpeg(overlay, { maxWidth: 480 }), publishedAt, present };
    }
  }

  async finish({ masks }: RunRecord): Promise<ScenarioPictures> {
    const during = this.#moments.during?.publishedAt ?? this.#wanted[1]!.from;
    const clean = masks.find(({ publishedAt }) => publishedAt >= during) ?? masks.at(-1);
    const cleanDuring = clean && (await encodeMaskPng(unpackLabels(clean.labels), this.#colours));
    return { moments: this.#moments, cleanDuring };
  }
}
