import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { resizeLabelsNearest } from '../evaluation/index.js';
import { type Overwriting, writeWhole } from '../outputs/index.js';
import type { LabelImage } from '../report/index.js';
import type { Dataset, DatasetFrame } from './dataset.js';

const RECORD = 'predictions.json';
const recordSchema = z.object({ formatVersion: z.literal(1), files: z.array(z.string()) });

/**
 * The folder that predictions are saved to, as grey PNGs of the data set's class ids at the size it publishes its labels
 * in. `predictions.json` says which files they are, so that the next run takes away those and nothing else.
 */
export class PredictionFolder {
  readonly path: string;
  readonly #dataset: Dataset;
  /** By position in the data set's list of classes. */
  readonly #ids: Uint8Array;

  private constructor(path: string, dataset: Dataset) {
    this.path = path;
    this.#dataset = dataset;
    this.#ids = new Uint8Array(256).fill(255);
    dataset.classes.forEach(({ id }, position) => {
      this.#ids[position] = id;
    });
  }

  /**
   * @param about - what a reader of the folder must know
   * @throws Error in one sentence where it holds what no run of this project wrote
   */
  static async claim(
    path: string,
    dataset: Dataset,
    about: object,
    overwriting: Overwriting,
  ): Promise<PredictionFolder> {
    await mkdir(path, { recursive: true });
    const record = recordSchema.safeParse(await readRecord(path));
    if (record.success) {
      for (const file of record.data.files) if (isInside(file)) await rm(join(path, file), { force: true });
    } else if (overwriting === 'own' && (await readdir(path)).length > 0) {
      throw new Error(
        `Expected an empty folder, or one with predictions of mle-sam, at ${path} but it holds other files. ` +
          'Write to another place, or add to it with --force.',
      );
    }
    await writeWhole(join(path, RECORD), recordText(dataset, about));
    return new PredictionFolder(path, dataset);
  }

  /**
   * The same for one of several processes that save to one folder: nothing is taken away.
   * @throws Error in one sentence where it holds anything but predictions of the same run
   */
  static async join(path: string, dataset: Dataset, about: object): Promise<PredictionFolder> {
    await mkdir(path, { recursive: true });
    const text = recordText(dataset, about);
    const read = () => readFile(join(path, RECORD), 'utf8').catch(() => undefined);
    const isNew = (await read()) === undefined;
    // Another process may just be writing the record.
    const others = (await readdir(path)).filter((name) => !name.startsWith(RECORD));
    if (isNew && others.length === 0) await writeWhole(join(path, RECORD), text);
    else if ((await read()) !== text) {
      throw new Error(
        `Expected an empty folder, or one with predictions of the same run, at ${path} but it holds other files. ` +
          'Write to another place.',
      );
    }
    return new PredictionFolder(path, dataset);
  }

  /** @param mask - positions in the data set's list of classes; anything else is saved as 255 */
  async save(frame: DatasetFrame, mask: LabelImage): Promise<void> {
    const size = this.#dataset.savedAt ?? mask;
    const labels = resizeLabelsNearest(mask.labels, mask, size);
    for (let i = 0; i < labels.length; i++) labels[i] = this.#ids[labels[i]!]!;
    const png = await sharp(labels, { raw: { width: size.width, height: size.height, channels: 1 } })
      .toColourspace('b-w')
      .png({ compressionLevel: 6 })
      .toBuffer();
    const file = join(this.path, this.#dataset.predictionPath(frame));
    await mkdir(dirname(file), { recursive: true });
    await writeWhole(file, png);
  }
}

function readRecord(path: string): Promise<unknown> {
  return readFile(join(path, RECORD), 'utf8')
    .then(JSON.parse)
    .catch(() => undefined);
}

function recordText(dataset: Dataset, about: object): string {
  const files = dataset.frames.map((frame) => dataset.predictionPath(frame));
  return `${JSON.stringify({ formatVersion: 1, ...about, files }, null, 2)}\n`;
}

/** A record is a file like any other: it may not lead out of its folder. */
function isInside(file: string): boolean {
  const path = normalize(file);
  return !path.startsWith('..') && !path.startsWith('/') && path.endsWith('.png');
}
