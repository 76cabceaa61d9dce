import sharp from 'sharp';
import type { ImageSize } from '../sensors/modality_image.js';

/** A class of the model bundle, as far as pictures need it. */
export interface ColouredClass {
  id: number;
  name: string;
  color: readonly [number, number, number];
}

/** height * width * 3 bytes, row-major, RGB order. */
export interface RgbImage extends ImageSize {
  data: Uint8Array;
}

/** height * width class ids, row-major. */
export interface LabelImage extends ImageSize {
  labels: Uint8Array;
}

/** RGBA of every possible label, 256 * 4 bytes; labels that are no class are transparent. */
export type ColourTable = Uint8Array;

/** Builds the colour table of a bundle's classes: the one place that turns class ids into colours. */
export function colourTable(classes: readonly ColouredClass[]): ColourTable {
  const table = new Uint8Array(256 * 4);
  for (const { id, color } of classes) table.set([...color, 255], id * 4);
  return table;
}

/**
 * Lays the mask's colours over the camera image. Pixels that are no class show the camera alone.
 * @param opacity - 0 = camera only, 1 = mask only
 * @returns a new RGB image of the same size
 * @throws RangeError when the sizes differ: bring the labels to the camera's size with `resizeLabelsNearest`
 */
export function renderOverlay(camera: RgbImage, mask: LabelImage, colours: ColourTable, opacity = 0.5): RgbImage {
  const { width, height } = camera;
  const pixels = width * height;
  if (mask.width !== width || mask.height !== height) {
    throw new RangeError(`Expected ${width}x${height} for the mask but received ${mask.width}x${mask.height}`);
  }
  if (camera.data.length !== pixels * 3 || mask.labels.length !== pixels) {
    throw new RangeError(
      `Expected ${pixels * 3} bytes and ${pixels} labels for ${width}x${height} pixels ` +
        `but received ${camera.data.length} and ${mask.labels.length}`,
    );
  }
  // 8-bit fixed point: the table's opaque alpha of 255 becomes 0..256, and >> 8 divides.
  const weight = Math.round(Math.min(1, Math.max(0, opacity)) * 256);
  const source = camera.data;
  const data = new Uint8Array(pixels * 3);
  for (let pixel = 0, at = 0; pixel < pixels; pixel++, at += 3) {
    const colour = mask.labels[pixel]! * 4;
    const over = colours[colour + 3] === 0 ? 0 : weight;
    const under = 256 - over;
    data[at] = (source[at]! * under + colours[colour]! * over + 128) >> 8;
    data[at + 1] = (source[at + 1]! * under + colours[colour + 1]! * over + 128) >> 8;
    data[at + 2] = (source[at + 2]! * under + colours[colour + 2]! * over + 128) >> 8;
  }
  return { width, height, data };
}

/**
 * Grey that a mask is laid over where there is no camera picture: about the mean of one, so that the mask is as bright with
 * a camera as without.
 */
export const NO_PICTURE = 112;

/**
 * The camera's image to lay a mask over: an even grey where the mask was made without one, and at the mask's size, which is
 * another where a fallback takes another size than the first model.
 */
export function pictureUnder(
  images: ReadonlyMap<string, RgbImage>,
  camera: string | undefined,
  { width, height }: ImageSize,
): RgbImage {
  const image = camera === undefined ? undefined : images.get(camera);
  if (image === undefined) return { width, height, data: new Uint8Array(width * height * 3).fill(NO_PICTURE) };
  if (image.width === width && image.height === height) return image;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(((2 * y + 1) * image.height) / (2 * height)) * image.width;
    for (let x = 0; x < width; x++, at += 3) {
      const source = 3 * (row + Math.floor(((2 * x + 1) * image.width) / (2 * width)));
      data.set(image.data.subarray(source, source + 3), at);
    }
  }
  return { width, height, data };
}

/** Encodes an RGB image as JPEG; wider images are scaled down to `maxWidth`, the aspect kept. */
export function encodeJpeg(image: RgbImage, options: { quality?: number; maxWidth?: number } = {}): Promise<Buffer> {
  const { quality = 80, maxWidth = image.width } = options;
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize({ width: maxWidth, withoutEnlargement: true })
    .jpeg({ quality })
    .toBuffer();
}

/** Encodes a mask as PNG in the colours of its classes, lossless; labels that are no class are transparent. */
export function encodeMaskPng(mask: LabelImage, colours: ColourTable): Promise<Buffer> {
  const { width, height, labels } = mask;
  const words = new Uint32Array(colours.buffer, colours.byteOffset, 256);
  const rgba = new Uint32Array(labels.length);
  for (let i = 0; i < labels.length; i++) rgba[i] = words[labels[i]!]!;
  return (
    sharp(new Uint8Array(rgba.buffer), { raw: { width, height, channels: 4 } })
      // Without a palette: finding one takes ten times as long as the few kilobytes it saves are worth.
      .png({ compressionLevel: 6 })
      .toBuffer()
  );
}
