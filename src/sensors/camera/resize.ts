import sharp, { type Sharp } from 'sharp';
import type { ImageSize } from '../modality_image.js';
import type { Pixels } from './pixels.js';

/**
 * Resizes a picture to RGB of the model's size. Every camera format takes this one way, in training and serving
 * alike: a triangle filter that widens with the reduction, so that nothing aliases, and no ringing.
 * @returns height * width * 3 bytes, a buffer of its own
 */
export async function resizePixels({ width, height, channels, data }: Pixels, size: ImageSize): Promise<Uint8Array> {
  return toModelSize(sharp(data, { raw: { width, height, channels } }), size);
}

/** The tail all pictures share. `fastShrinkOnLoad` would give JPEGs another filter than raw pictures get. */
export async function toModelSize(picture: Sharp, { width, height }: ImageSize): Promise<Uint8Array> {
  const buffer = await picture
    .removeAlpha()
    .toColourspace('srgb')
    .resize(width, height, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
    .raw()
    .toBuffer();
  // A pooled Buffer would be transferred, or kept alive, together with its neighbours.
  return ownBytes(buffer);
}

function ownBytes(buffer: Buffer): Uint8Array {
  const isAlone = buffer.byteOffset === 0 && buffer.byteLength === buffer.buffer.byteLength;
  return isAlone ? new Uint8Array(buffer.buffer) : Uint8Array.from(buffer);
}
