import { IGNORE_LABEL, resizeLabelsNearest } from '../evaluation/index.js';
import type { LabelImage } from '../report/index.js';
import type { ImageSize } from '../sensors/index.js';
import { type Picture, readLabelPicture, readPicture, toRgb } from './picture.js';

/** What the values in a label file mean. */
export interface LabelRule {
  /** Class id by stored value; `IGNORE_LABEL` for what is not scored, undefined for what may not occur. */
  readonly meaning: readonly (number | undefined)[];
  /** The values that may occur, in words that fit behind "Expected". */
  readonly expected: string;
}

/** Stored values are class ids from 0, and 255 is not scored. */
export function plainLabels(classCount: number): LabelRule {
  const meaning = Array.from({ length: 256 }, (_, value) => (value < classCount ? value : undefined));
  meaning[IGNORE_LABEL] = IGNORE_LABEL;
  return { meaning, expected: `0..${classCount - 1} or 255` };
}

/** Stored values are class ids from 1; 0 and 255 are not scored (DELIVER). */
export function labelsFromOne(classCount: number): LabelRule {
  const meaning = Array.from({ length: 256 }, (_, value) => (value <= classCount ? value - 1 : undefined));
  meaning[0] = IGNORE_LABEL;
  meaning[IGNORE_LABEL] = IGNORE_LABEL;
  return { meaning, expected: `0..${classCount} or 255` };
}

/**
 * Reads a label file.
 * @throws Error in one sentence where it cannot be read, has another size than `stored`, or holds a value without meaning
 */
export async function readLabels(path: string, rule: LabelRule, stored?: ImageSize): Promise<LabelImage> {
  const picture = await readLabelPicture(path);
  if (stored !== undefined) checkSize(picture, stored, path);
  const { width, height, data } = picture;
  const labels = new Uint8Array(width * height);
  for (let i = 0; i < labels.length; i++) {
    const value = data[i]!;
    const id = rule.meaning[value];
    if (id === undefined) {
      throw new Error(
        `Expected label values ${rule.expected} in ${path} but received ${value}. ` +
          'Check that the labels belong to this data set.',
      );
    }
    labels[i] = id;
  }
  return { width, height, labels };
}

/** What the colours of a label file mean. */
export interface ColourRule {
  /** Class id, or `IGNORE_LABEL`, by red, green and blue as one number. */
  readonly colours: ReadonlyMap<number, number>;
  /** What any other colour means; undefined where there may be none. */
  readonly unlisted: number | undefined;
}

/** Red, green and blue, 0..255 each, as one number. */
export function colourKey(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}

/**
 * Reads a label file whose colours stand for classes.
 * @throws Error in one sentence where it cannot be read or holds a colour without meaning
 */
export async function readColourLabels(path: string, { colours, unlisted }: ColourRule): Promise<LabelImage> {
  const { width, height, data } = toRgb(await readPicture(path));
  const labels = new Uint8Array(width * height);
  for (let i = 0; i < labels.length; i++) {
    const [red, green, blue] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
    const id = colours.get(colourKey(red, green, blue)) ?? unlisted;
    if (id === undefined) {
      throw new Error(
        `Expected the colour of a class in ${path} but received ${red},${green},${blue}. ` +
          'Add it to labels.colours, or leave other colours out with unlisted: ignore.',
      );
    }
    labels[i] = id;
  }
  return { width, height, labels };
}

/** Labels at another size, by nearest pixel. */
export function labelsAt(image: LabelImage, size: ImageSize | 'as-stored'): LabelImage {
  return size === 'as-stored' ? image : { ...size, labels: resizeLabelsNearest(image.labels, image, size) };
}

/** @throws Error in one sentence where a picture has not the size its data set is known for */
export function checkSize({ width, height }: Pick<Picture, 'width' | 'height'>, stored: ImageSize, path: string): void {
  if (width === stored.width && height === stored.height) return;
  throw new Error(
    `Expected ${stored.width}x${stored.height} pixels for ${path} but received ${width}x${height}. ` +
      'Use the files as they are published.',
  );
}
