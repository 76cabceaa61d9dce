import '../files/libvips.js';
import sharp from 'sharp';
import type { ImageSize } from '../sensors/modality_image.js';
import { BundleError } from './bundle_error.js';

/** One input of which the exporter knew the answer; every provider must reproduce it before it is used. */
export interface GoldenSample {
  /** [M,H,W,3] with all modalities of the bundle in index order. */
  images: Uint8Array;
  /** [H,W] class ids. */
  labels: Uint8Array;
}

const ADVICE = "Export the bundle again: golden images are lossless 8-bit PNGs at the model's input size.";

/**
 * Decodes the golden images and stacks them into one batch.
 * @param images - PNG bytes by name of the field they are reported under, in the bundle's modality order
 * @throws {BundleError} where an image is no PNG or has the wrong size, channels or depth
 */
export async function decodeGoldenSample(
  images: ReadonlyMap<string, Uint8Array>,
  labels: Uint8Array,
  size: ImageSize,
): Promise<GoldenSample> {
  const pixels = size.width * size.height;
  const batch = new Uint8Array(images.size * pixels * 3);
  let offset = 0;
  for (const [field, png] of images) {
    batch.set(await decodePng(field, png, size, 3), offset);
    offset += pixels * 3;
  }
  return { images: batch, labels: await decodePng('golden.labels', labels, size, 1) };
}

async function decodePng(field: string, png: Uint8Array, size: ImageSize, channels: 1 | 3): Promise<Uint8Array> {
  const expected = `an 8-bit PNG of ${size.width}x${size.height} with ${channels} channel${channels > 1 ? 's' : ''}`;
  const image = sharp(png, { limitInputPixels: size.width * size.height });
  let found: string;
  try {
    const header = await image.metadata();
    found = `${header.format} of ${header.width}x${header.height} with ${header.channels} of ${header.depth}`;
    const fits = header.format === 'png' && header.width === size.width && header.height === size.height;
    if (fits && header.channels === channels && header.depth === 'uchar') {
      const pipeline = channels === 1 ? image.toColourspace('b-w') : image;
      return new Uint8Array(await pipeline.raw().toBuffer());
    }
  } catch (cause) {
    throw new BundleError(field, expected, cause instanceof Error ? cause.message : String(cause), ADVICE, { cause });
  }
  throw new BundleError(field, expected, found, ADVICE);
}
