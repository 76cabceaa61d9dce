import sharp, { type Sharp } from 'sharp';
import { nextTurn } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import type { Pixels } from './pixels.js';

/**
 * Resizes a picture to RGB of the model's size. Every camera format takes this one way, in training and serving
 * alike: a triangle filter that widens with the reduction, so that nothing aliases, and no ringing.
 * @returns height * width * 3 bytes, a buffer of its own
 */
export async function resizePixels({ width, height, channels, data }: Pixels, size: ImageSize): Promise<Uint8Array> {
  return toModelSize(sharp(data, { raw: { width, height, channels } }), { width, height }, size);
}

/**
 * The tail all pictures share.
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
