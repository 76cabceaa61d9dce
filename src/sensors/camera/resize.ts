import sharp, { type Sharp } from 'sharp';
import { nextTurn } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import { type PictureRows, sideBySide } from './picture_rows.js';
import type { Pixels } from './pixels.js';
import { isReduction, reduceRows } from './reduce_rows.js';

/**
 * Resizes a picture to RGB of the model's size while its rows are made. Every camera format is resized alike, in training
 * and serving: by a triangle filter that widens with the reduction, so that nothing aliases, and no ringing.
 * @returns height * width * 3 bytes, a buffer of its own
 */
export async function resizeRows(rows: PictureRows, size: ImageSize): Promise<Uint8Array> {
  if (isReduction(rows, size)) return reduceRows(rows, size);
  const { width, height } = rows;
  const channels = rows.channels.length === 1 ? 1 : 3;
  const picture = sharp(await reduceRows(rows, rows, 'one'), { raw: { width, height, channels } });
  return toModelSize(picture, { width, height }, size);
}

/** The same of a picture that was decoded before. */
export async function resizePixels({ width, height, channels, data }: Pixels, size: ImageSize): Promise<Uint8Array> {
  return resizeRows(rowsOfPixels({ width, height, channels, data }), size);
}

function rowsOfPixels({ width, height, channels, data }: Pixels): PictureRows {
  const layout = sideBySide(width, channels, channels === 1 ? [0] : [0, 1, 2]);
  const { rowBytes } = layout;
  return {
    width,
    height,
    ...layout,
    scratchBytes: 0,
    bind:
      ({ bytes }) =>
      (row, at) =>
        bytes.set(data.subarray(row * rowBytes, (row + 1) * rowBytes), at),
  };
}

/**
 * The tail of compressed pictures.
 * @param source - the picture's own size. All of it is extracted before it is resized: without that, JPEG and WebP
 *   would be reduced by their decoders first, by another filter than raw pictures get
 */
export async function toModelSize(picture: Sharp, source: ImageSize, size: ImageSize): Promise<Uint8Array> {
  // Handing it over to libvips takes this thread a millisecond.
  await nextTurn();
  const buffer = await picture
    .extract({ left: 0, top: 0, width: source.width, height: source.height })
    .removeAlpha()
    .toColourspace('srgb')
    .resize(size.width, size.height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  // A pooled Buffer would be transferred, or kept alive, together with its neighbours.
  return ownBytes(buffer);
}

function ownBytes(buffer: Buffer): Uint8Array {
  const isAlone = buffer.byteOffset === 0 && buffer.byteLength === buffer.buffer.byteLength;
  return isAlone ? new Uint8Array(buffer.buffer) : Uint8Array.from(buffer);
}
