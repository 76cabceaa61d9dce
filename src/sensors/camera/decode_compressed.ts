import type { Sharp } from 'sharp';
import type { CompressedImage, Image } from '../../messages/types.js';
import { BOUNDS, sizeProblem } from '../bounds.js';
import { MACHINE_IS_BIG_ENDIAN } from '../byte_order.js';
import type { ImageSize } from '../modality_image.js';
import type { BitDepthChoice } from './bit_depth.js';
import { openImage } from './decode_image.js';
import { type BayerPattern, pixelLayout } from './encodings.js';
import { readJpegHeader } from './jpeg_header.js';
import { measureCompressed, withCompressed } from './open_compressed.js';
import type { PictureRows } from './picture_rows.js';
import { resizeRows, toModelSize } from './resize.js';

/** RGB of the model's size, and the size the picture was taken at. */
export type RgbOutcome = { kind: 'rgb'; data: Uint8Array; source: ImageSize } | { kind: 'invalid'; reason: string };

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
  const codec = SIGNATURES.find(({ bytes }) => bytes.every((byte, i) => data[i] === byte))?.codec;
  // RIFF is the container of other things as well.
  const isRiff = codec === 'webp' && Buffer.from(data.subarray(8, 12)).toString('latin1') !== 'WEBP';
  return isRiff ? undefined : codec;
}

/**
 * Decodes a `sensor_msgs/CompressedImage` that shows a picture (JPEG, PNG, TIFF, WebP) to RGB of the model's size.
 * `format` is read only to find the Bayer mosaics older drivers compressed as if they were grey pictures.
 * @param bitDepth - how many bits of 16-bit grey samples are used
 * @returns height * width * 3 bytes, a buffer of its own
 */
export async function decodeCompressed(
  { data, format }: CompressedImage,
  size: ImageSize,
  bitDepth: BitDepthChoice = 16,
): Promise<RgbOutcome> {
  if (detectCodec(data) === undefined) {
    return {
      kind: 'invalid',
      reason:
        `Expected JPEG, PNG, TIFF or WebP in the CompressedImage but received ${data.byteLength} bytes ` +
        `starting ${hexStart(data)} with format '${format}'`,
    };
  }
  try {
    const { width, height, channels, bitsPerSample } = readJpegHeader(data) ?? (await measureCompressed(data));
    const source = { width, height };
    const problem = sizeProblem(source, BOUNDS.picturePixels, 'a picture');
    if (problem !== undefined) return { kind: 'invalid', reason: problem };
    const layout = pixelLayout(format.split(';')[0]!.trim());
    const pattern = layout?.kind === 'bayer' && channels === 1 ? layout.pattern : undefined;
    if (channels === 1 && bitsPerSample === 16) {
      const rows = await openGrey16(data, source, pattern, bitDepth);
      return { kind: 'rgb', data: await resizeRows(rows, size), source };
    }
    if (pattern !== undefined) {
      const mosaic = await withCompressed(data, (picture) => picture.toColourspace('b-w').raw().toBuffer());
      const opened = await openImage(imageOf(mosaic, source, `bayer_${pattern}8`));
      if (opened.kind === 'invalid') throw new Error(opened.reason);
      return { kind: 'rgb', data: await resizeRows(opened.rows, size), source };
    }
    const rgb = await withCompressed(data, (picture: Sharp) => toModelSize(picture, source, size));
    return { kind: 'rgb', data: rgb, source };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { kind: 'invalid', reason: `Expected a whole ${detectCodec(data)} picture but its decoder says: ${what}` };
  }
}

/** A PNG or TIFF of 16-bit samples, grey or a mosaic. */
async function openGrey16(
  data: Uint8Array,
  source: ImageSize,
  pattern: BayerPattern | undefined,
  bitDepth: BitDepthChoice,
): Promise<PictureRows> {
  const samples = await withCompressed(data, (picture) =>
    picture.toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer(),
  );
  const encoding = pattern === undefined ? 'mono16' : `bayer_${pattern}16`;
  const opened = await openImage(imageOf(samples, source, encoding), bitDepth);
  if (opened.kind === 'invalid') throw new Error(opened.reason);
  return opened.rows;
}

/** Samples in the machine's byte order as a message. */
function imageOf(data: Uint8Array, { width, height }: ImageSize, encoding: string): Image {
  return {
    header: { stamp: { sec: 0, nanosec: 0 }, frame_id: '' },
    width,
    height,
    encoding,
    is_bigendian: Number(MACHINE_IS_BIG_ENDIAN),
    step: data.byteLength / height,
    data,
  };
}

function hexStart(data: Uint8Array): string {
  return data.byteLength === 0 ? 'nowhere' : Buffer.from(data.subarray(0, 4)).toString('hex');
}
