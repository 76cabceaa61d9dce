import type { Stamp } from '../messages/index.js';
import type { Bundle } from '../model/index.js';
import type { FrameResult } from '../pipeline/index.js';
import {
  type ColourTable,
  colourTable,
  encodeJpeg,
  pictureUnder,
  reduceForView,
  renderOverlay,
  sensorView,
} from '../report/index.js';
import type { FaultWindow } from './fault_window.js';
import { unpackLabels } from './packed_labels.js';
import type { RunRecord } from './run_record.js';

export const MOMENTS = ['before', 'during', 'after'] as const;
export type Moment = (typeof MOMENTS)[number];

/** One moment: the mask, and what each sensor gave. */
export interface MomentPicture {
  jpeg: Buffer;
  publishedAt: Stamp;
  present: readonly string[];
  sensors: readonly { name: string; jpeg: Buffer | undefined; lost: string | undefined }[];
}

/** Mask over the camera's picture at three moments, and what the clean run made of the second. */
export interface ScenarioPictures {
  /** JPEG; missing where no mask was made any more. */
  moments: Partial<Record<Moment, MomentPicture>>;
  /** JPEG of the clean run's mask at the moment of `during`. */
  cleanDuring: Buffer | undefined;
}

const HALF_A_SECOND = 500_000_000n;
/** The fault has been told by then, and the place is nearly the one before it. */
const INTO_FAULT_NS = 1_000_000_000n;
/** By then a sensor is back, and in a short bag nothing else has happened yet. */
const SETTLED_NS = 400_000_000n;

/** Takes the pictures of a scenario out of its run as the frames go by. */
export class PictureTaker {
  readonly #wanted: { moment: Moment; from: Stamp; before: Stamp | undefined }[];
  readonly #sensors: Bundle['modalities'];
  readonly #cameraModality: string | undefined;
  readonly #colours: ColourTable;
  readonly #moments: ScenarioPictures['moments'] = {};

  constructor({ start, end, ending }: FaultWindow, sensors: Bundle['modalities'], classes: Bundle['classes']) {
    this.#wanted = [
      { moment: 'before', from: start - HALF_A_SECOND, before: start },
      { moment: 'during', from: start + least(INTO_FAULT_NS, (end - start) / 2n), before: end },
      ...(ending === 'within' ? [{ moment: 'after' as const, from: end + SETTLED_NS, before: undefined }] : []),
    ];
    this.#sensors = sensors;
    this.#cameraModality = sensors.find(({ representation }) => representation.kind === 'rgb')?.name;
    this.#colours = colourTable(classes);
  }

  /** Looks at a mask as it is made. */
  async see({ segmentation, images, absent, closedAt: publishedAt }: FrameResult): Promise<void> {
    const { width, height, labels, present } = segmentation;
    for (const { moment, from, before } of this.#wanted) {
      // Of those before the fault the last one: the nearest in place.
      if ((this.#moments[moment] !== undefined && moment !== 'before') || publishedAt < from) continue;
      if (before !== undefined && publishedAt >= before) continue;
      const picture = pictureUnder(images, this.#cameraModality, segmentation);
      const overlay = renderOverlay(picture, { width, height, labels }, this.#colours);
      const sensors = this.#sensors.map(async ({ name, representation }) => {
        const image = images.get(name);
        const isUsed = present.includes(name) && image !== undefined;
        const view = isUsed ? reduceForView(sensorView(image, representation.kind)) : undefined;
        const jpeg = view && (await encodeJpeg(view, { maxWidth: 200, quality: 70 }));
        return { name, jpeg, lost: isUsed ? undefined : (absent.get(name) ?? 'not used') };
      });
      const jpeg = await encodeJpeg(overlay, { maxWidth: 480 });
      this.#moments[moment] = { jpeg, publishedAt, present, sensors: await Promise.all(sensors) };
    }
  }

  async finish({ masks }: RunRecord): Promise<ScenarioPictures> {
    const during = this.#moments.during?.publishedAt ?? this.#wanted[1]!.from;
    const clean = masks.find(({ publishedAt }) => publishedAt >= during) ?? masks.at(-1);
    if (clean === undefined) return { moments: this.#moments, cleanDuring: undefined };
    const labels = unpackLabels(clean.labels);
    // Over the grey that a mask without a camera lies over, so that both are as bright.
    const overlay = renderOverlay(pictureUnder(new Map(), undefined, labels), labels, this.#colours);
    return { moments: this.#moments, cleanDuring: await encodeJpeg(overlay, { maxWidth: 480 }) };
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
