import type { Image } from '../../messages/types.js';
import { checkImageLayout } from '../image_samples.js';
import { demosaicedRows } from './bayer.js';
import type { BitDepthChoice } from './bit_depth.js';
import { knownEncodings, type PixelLayout, pixelLayout } from './encodings.js';
import type { RowsOutcome } from './picture_rows.js';
import type { PixelsOutcome } from './pixels.js';
import { reduceRows } from './reduce_rows.js';
import { rangeOfSamples } from './sample_range.js';
import { rowReader, rowsOfBytes, rowsOfUpperBytes } from './sample_rows.js';
import { rowsOfPackedYuv, rowsOfPlanarYuv } from './yuv.js';

type LayoutOf<Kind extends PixelLayout['kind']> = Extract<PixelLayout, { kind: Kind }>;

/**
 * Decodes a `sensor_msgs/Image` that shows a picture into 8-bit grey or RGB at its own size.
 * @param bitDepth - how many bits of 16-bit samples are used; of those the upper eight are kept, of 16 as cv_bridge and
 *   image decoders do
 */
export async function decodeImage(image: Image, bitDepth: BitDepthChoice = 16): Promise<PixelsOutcome> {
  const opened = await openImage(image, bitDepth);
  if (opened.kind === 'invalid') return opened;
  const { width, height, channels } = opened.rows;
  const data = await reduceRows(opened.rows, image, 'one');
  return { kind: 'pixels', pixels: { width, height, channels: channels.length === 1 ? 1 : 3, data } };
}

/** Checks a `sensor_msgs/Image` that shows a picture, so that its rows can be made; parameters as of {@link decodeImage}. */
export async function openImage(image: Image, bitDepth: BitDepthChoice = 16): Promise<RowsOutcome> {
  const layout = pixelLayout(image.encoding);
  if (layout === undefined) {
    return invalid(`Expected one of ${knownEncodings()} for Image.encoding but received '${image.encoding}'`);
  }
  switch (layout.kind) {
    case 'colour': {
      const { red, channels, bits } = layout;
      return openSamples(image, channels, [red, 1, 2 - red], bits, bitDepth);
    }
    case 'grey':
      return openSamples(image, 1, [0], layout.bits, bitDepth);
    case 'bayer':
      return openBayer(image, layout, bitDepth);
    case 'packed-yuv':
      return openPackedYuv(image, layout);
    case 'planar-yuv':
      return openPlanarYuv(image, layout);
  }
}

async function openSamples(
  image: Image,
  pixelSamples: number,
  positions: readonly number[],
  bits: 8 | 16,
  bitDepth: BitDepthChoice,
): Promise<RowsOutcome> {
  const perRow = image.width * pixelSamples;
  const problem = checkImageLayout(image, (perRow * bits) / 8);
  if (problem !== undefined) return invalid(problem);
  if (bits === 8) return { kind: 'rows', rows: rowsOfBytes(image, pixelSamples, positions) };
  const used = await usedBits(image, perRow, bitDepth);
  return { kind: 'rows', rows: rowsOfUpperBytes(image, pixelSamples, positions, used) };
}

async function usedBits(image: Image, samplesPerRow: number, bitDepth: BitDepthChoice): Promise<number> {
  return typeof bitDepth === 'number' ? bitDepth : bitDepth(await rangeOfSamples(image, samplesPerRow));
}

async function openBayer(
  image: Image,
  { bits, pattern }: LayoutOf<'bayer'>,
  bitDepth: BitDepthChoice,
): Promise<RowsOutcome> {
  const { width, height } = image;
  const bytesPerSample = bits === 8 ? 1 : 2;
  const problem = checkImageLayout(image, width * bytesPerSample);
  if (problem !== undefined) return invalid(problem);
  const used = bits === 8 ? 8 : await usedBits(image, width, bitDepth);
  const read = rowReader(image, width * bytesPerSample, bytesPerSample);
  return { kind: 'rows', rows: demosaicedRows({ width, height, pattern, bytesPerSample, bits: used, read }) };
}

function openPackedYuv(image: Image, { luma }: LayoutOf<'packed-yuv'>): RowsOutcome {
  if (image.width % 2 !== 0) return invalid(expectedEven(image));
  const problem = checkImageLayout(image, image.width * 2);
  if (problem !== undefined) return invalid(problem);
  return { kind: 'rows', rows: rowsOfPackedYuv(image, image, luma) };
}

/** `step` is that of the Y plane; pairs of a chroma plane at full resolution are twice as wide. */
function openPlanarYuv(image: Image, { subsampling, u }: LayoutOf<'planar-yuv'>): RowsOutcome {
  const { width, height, step, data } = image;
  if (subsampling === 2 && (width % 2 !== 0 || height % 2 !== 0)) return invalid(expectedEven(image));
  const chromaBytes = subsampling === 2 ? (step * height) / 2 : 2 * step * height;
  const problem = checkImageLayout(image, width, height + chromaBytes / Math.max(1, step));
  if (problem !== undefined) return invalid(problem);
  const chroma = { data: data.subarray(step * height), step: subsampling === 2 ? step : 2 * step };
  return { kind: 'rows', rows: rowsOfPlanarYuv(image, chroma, image, subsampling, u) };
}

function invalid(reason: string): { kind: 'invalid'; reason: string } {
  return { kind: 'invalid', reason };
}

function expectedEven({ width, height, encoding }: Image): string {
  return `Expected an even width and height for ${encoding} but received ${width}x${height}`;
}
