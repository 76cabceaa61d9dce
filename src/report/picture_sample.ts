import { EvenSample } from './even_sample.js';
import type { ReportPicture } from './report_data.js';
import { WorstFrames } from './worst_frames.js';

/** Frames of a long bag that are shown, evenly spaced: 48 to 96. */
const EVEN = 96;
/** Frames whose sensors are others than those of the frame before. */
const CHANGES = 48;
/** Frames with the lowest scores. */
const WORST = 12;
/** Base64 adds a third and the page itself less than a megabyte: keeps a report below 25 MB. */
const MOST_BYTES = 17_000_000;

/** What decides whether a frame is shown. */
export interface FrameTraits {
  seconds: number;
  /** Percent. */
  miou?: number;
  /** Sensors the mask was made from. */
  present: readonly string[];
}

/**
 * Chooses the frames the report shows: an even sample, each change of the sensors, and the worst scores. What it holds is
 * bounded however long the bag is, and pictures are made only for frames that are kept at that moment.
 */
export class PictureSample {
  readonly #even: EvenSample<ReportPicture>;
  readonly #changes = new EvenSample<ReportPicture>(CHANGES);
  readonly #worst = new WorstFrames<ReportPicture>(WORST);
  #sensors: string | undefined;

  /** @param expected - frames there will be, as far as that is known */
  constructor(expected: number) {
    this.#even = new EvenSample(EVEN, expected);
  }

  async offer(frame: FrameTraits, make: () => Promise<ReportPicture>): Promise<void> {
    let made: Promise<ReportPicture> | undefined;
    const once = () => {
      made ??= make();
      return made;
    };
    await this.#even.offer(once);
    const sensors = frame.present.join();
    if (this.#sensors !== undefined && sensors !== this.#sensors) await this.#changes.offer(once);
    this.#sensors = sensors;
    if (this.#worst.wants(frame)) this.#worst.add(await once());
    while (this.#bytes() > MOST_BYTES && this.#even.items.length > 1) this.#even.halve();
    while (this.#bytes() > MOST_BYTES && this.#changes.items.length > 1) this.#changes.halve();
  }

  /** In the order of time. */
  pictures(): ReportPicture[] {
    const kept = [...this.#even.items, ...this.#changes.items, ...this.#worst.items];
    return [...new Map(kept.map((picture) => [picture.seconds, picture])).values()].sort(
      (a, b) => a.seconds - b.seconds,
    );
  }

  #bytes(): number {
    return this.pictures().reduce((sum, picture) => sum + bytesOf(picture), 0);
  }
}

/** Bytes of all the images of a picture. */
export function bytesOf({ camera, mask, truth, confidence, sensors }: ReportPicture): number {
  const images = [camera, mask.data, truth?.data, confidence, ...Object.values(sensors)];
  return images.reduce((sum, image) => sum + (image?.length ?? 0), 0);
}
