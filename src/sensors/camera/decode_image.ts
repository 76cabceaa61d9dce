import type { Image } from '../../messages/types.js';
import { checkImageLayout, packRows, readSamples8, readSamples16 } from '../image_samples.js';
import { inRowSlices } from '../in_slices.js';
import { demosaic } from './bayer.js';
import { knownEncodings, type PixelLayout, pixelLayout } from './encodings.js';
import type { Pixels, PixelsOutcome } from './pixels.js';
import { rgbFromPackedYuv, rgbFromPlanarYuv } from './yuv.js';

type LayoutOf<Kind extends PixelLayout['kind']> = Extract<PixelLayout, { kind: Kind }>;

const PIXELS_PER_SLICE = 400_000;

/**
 * Decodes a `sensor_msgs/Image` that shows a picture into 8-bit grey or RGB. Of 16-bit samples the upper eight bits
 * are kept, as cv_bridge and image decoders do. The result may be a view on the message.
 */
export async function decodeImage(image: Image): Promise<PixelsOutcome> {
  const layout = pixelLayout(image.encoding);
  if (layout === undefined) {
    return invalid(`Expected one of ${knownEncodings()} for Image.encoding but received '${image.encoding}'`);
  }
  switch (layout.kind) {
    case 'colour':
      return decodeColour(image, layout);
    case 'grey':
      return decodeGrey(image, layout);
    case 'bayer':
      return decodeBayer(image, layout);
    case 'packed-yuv':
      return decodePackedYuv(image, layout);
    case 'planar-yuv':
      return decodePlanarYuv(image, layout);
  }
}

async function decodeColour(image: Image, { bits, channels, red }: LayoutOf<'colour'>): Promise<PixelsOutcome> {
  const sampleBytes = bits / 8;
  const problem = checkImageLayout(image, image.width * channels * sampleBytes);
  if (problem !== undefined) return invalid(problem);
  if (bits === 8 && channels === 3 && red === 0) return decodeGreyOrRgb8(image, 3);
  const upper = upperByte(image, bits);
  const positions = [red, 1, 2 - red].map((channel) => channel * sampleBytes + upper);
  return gatherBytes(image, channels * sampleBytes, positions as [number, number, number]);
}

async function decodeGrey(image: Image, { bits }: LayoutOf<'grey'>): Promise<PixelsOutcome> {
  if (bits === 8) return decodeGreyOrRgb8(image, 1);
  const problem = checkImageLayout(image, image.width * 2);
  if (problem !== undefined) return invalid(problem);
  const grey = new Uint8Array(image.width * image.height);
  const upper = upperByte(image, bits);
  await inRowSlices(image, PIXELS_PER_SLICE, (from, to) => {
    const { data, step, width } = image;
    for (let row = from; row < to; row++) {
      let at = row * step + upper;
      for (let i = row * width; i < (row + 1) * width; i++, at += 2) grey[i] = data[at]!;
    }
  });
  return pixels(image, 1, grey);
}

/** Bytes that lie as they are needed already. */
function decodeGreyOrRgb8(image: Image, channels: Pixels['channels']): PixelsOutcome {
  const read = readSamples8(image, image.width * channels);
  return read.kind === 'invalid' ? read : pixels(image, channels, read.samples);
}

/** Where in a sample its upper eight bits are; 16-bit samples need not be put together to drop the lower half. */
function upperByte({ is_bigendian }: Image, bits: 8 | 16): 0 | 1 {
  return bits === 16 && is_bigendian === 0 ? 1 : 0;
}

/** RGB of the bytes at three positions in each pixel of `pixelBytes`; the layout was checked. */
async function gatherBytes(
  image: Image,
  pixelBytes: number,
  [red, green, blue]: readonly [number, number, number],
): Promise<PixelsOutcome> {
  const rgb = new Uint8Array(image.width * image.height * 3);
  await inRowSlices(image, PIXELS_PER_SLICE, (from, to) => {
    const { data, step, width } = image;
    for (let row = from; row < to; row++) {
      let at = row * step;
      for (let i = row * width * 3; i < (row + 1) * width * 3; i += 3, at += pixelBytes) {
        rgb[i] = data[at + red]!;
        rgb[i + 1] = data[at + green]!;
        rgb[i + 2] = data[at + blue]!;
      }
    }
  });
  return pixels(image, 3, rgb);
}

async function decodeBayer(image: Image, { bits, pattern }: LayoutOf<'bayer'>): Promise<PixelsOutcome> {
  const read = bits === 8 ? readSamples8(image, image.width) : readSamples16(image, image.width);
  if (read.kind === 'invalid') return read;
  return pixels(image, 3, await demosaic(read.samples, image, pattern, bits === 8 ? 0 : 8));
}

async function decodePackedYuv(image: Image, { luma }: LayoutOf<'packed-yuv'>): Promise<PixelsOutcome> {
  if (image.width % 2 !== 0) return invalid(expectedEven(image));
  const read = readSamples8(image, image.width * 2);
  if (read.kind === 'invalid') return read;
  return pixels(image, 3, await rgbFromPackedYuv(read.samples, image, luma));
}

/** `step` is that of the Y plane; pairs of a chroma plane at full resolution are twice as wide. */
async function decodePlanarYuv(image: Image, { subsampling, u }: LayoutOf<'planar-yuv'>): Promise<PixelsOutcome> {
  const { width, height, step, data } = image;
  if (subsampling === 2 && (width % 2 !== 0 || height % 2 !== 0)) return invalid(expectedEven(image));
  const chromaBytes = subsampling === 2 ? (step * height) / 2 : 2 * step * height;
  const problem = checkImageLayout(image, width, height + chromaBytes / Math.max(1, step));
  if (problem !== undefined) return invalid(problem);
  const y = packRows(data, step, width, height);
  const chromaStep = subsampling === 2 ? step : 2 * step;
  const chromaWidth = subsampling === 2 ? width : 2 * width;
  const chroma = packRows(data.subarray(step * height), chromaStep, chromaWidth, height / subsampling);
  return pixels(image, 3, await rgbFromPlanarYuv(y, chroma, image, subsampling, u));
}

function pixels({ width, height }: Image, channels: Pixels['channels'], data: Uint8Array): PixelsOutcome {
  return { kind: 'pixels', pixels: { width, height, channels, data } };
}

function invalid(reason: string): PixelsOutcome {
  return { kind: 'invalid', reason };
}

function expectedEven({ width, height, encoding }: Image): string {
  return `Expected an even width and height for ${encoding} but received ${width}x${height}`;
}
