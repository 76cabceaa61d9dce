import sharp, { type Sharp } from 'sharp';
import type { CompressedImage } from '../../messages/types.js';
import type { ImageSize } from '../modality_image.js';
import { demosaic } from './bayer.js';
import { pixelLayout } from './encodings.js';
import { resizePixels, toModelSize } from './resize.js';

/** RGB of the model's size, and the size the picture was taken at. */
export type RgbOutcome = { kind: 'rgb'; data: Uint8Array; source: ImageSize } | { kind: 'invalid'; reason: string };

/** Pixels a compressed picture may unfold to: 64 Mpx is more than any camera on a robot, and 200 MB. */
export const MAX_COMPRESSED_PIXELS = 64 * 1024 * 1024;

/** First bytes of the formats image transports send. */
const SIGNATURES: readonly { codec: string; bytes: readonly number[] }[] = [
  { codec: 'jpeg', bytes: [0xff, 0xd8, 0xff] },
  { codec: 'png', bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { codec: 'tiff', bytes: [0x49, 0x49, 0x2a, 0x00] },
  { codec: 'tiff', bytes: [0x4d, 0x4d, 0x00, 0x2a] },
  { codec: 'webp', bytes: [0x52, 0x49, 0x46, 0x46] },
];

/** What a compressed picture is by its first bytes; what `format` says is often wrong or empty. */
export function detectCodec(data: Uint8Array): string | undefined {
  return SIGNATURES.find(({ bytes }) => bytes.every((byte, i) => data[i] === byte))?.codec;
}

/** Opens a compressed picture so that a cut or oversized one fails instead of giving half a picture. */
export function openCompressed(data: Uint8Array): Sharp {
  return sharp(data, { failOn: 'warning', limitInputPixels: MAX_COMPRESSED_PIXELS, pages: 1 });
}

/**
 * Decodes a `sensor_msgs/CompressedImage` that shows a picture (JPEG, PNG, TIFF, WebP) to RGB of the model's size.
 * `format` is read only to find the Bayer mosaics older drivers compressed as if they were grey pictures.
 * @returns height * width * 3 bytes, a buffer of its own
 */
export async function decodeCompressed({ data, format }: CompressedImage, size: ImageSize): Promise<RgbOutcome> {
  if (detectCodec(data) === undefined) {
    return {
      kind: 'invalid',
      reason:
        `Expected JPEG, PNG, TIFF or WebP in the CompressedImage but received ${data.byteLength} bytes ` +
        `starting ${hexStart(data)} with format '${format}'`,
    };
  }
  try {
    const { width, height, channels } = await openCompressed(data).metadata();
    const source = { width, height };
    const layout = pixelLayout(format.split(';')[0]!.trim());
    if (layout?.kind === 'bayer' && channels === 1) {
      const mosaic = await openCompressed(data).toColourspace('b-w').raw().toBuffer();
      const rgb = await demosaic(mosaic, source, layout.pattern, 0);
      return { kind: 'rgb', data: await resizePixels({ ...source, channels: 3, data: rgb }, size), source };
    }
    return { kind: 'rgb', data: await toModelSize(openCompressed(data), source, size), source };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { kind: 'invalid', reason: `Expected a whole ${detectCodec(data)} picture but its decoder says: ${what}` };
  }
}

function hexStart(data: Uint8Array): string {
  return data.byteLength === 0 ? 'nowhere' : Buffer.from(data.subarray(0, 4)).toString('hex');
}
