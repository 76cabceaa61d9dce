import type { Image } from '../../messages/types.js';
import { checkImageLayout, packRows, readSamples8, readSamples16 } from '../image_samples.js';
import { inRowSlices, inSlices } from '../in_slices.js';
import { demosaic } from './bayer.js';
import { type BitDepthChoice, sampleRange, toBytes } from './bit_depth.js';
import { knownEncodings, type PixelLayout, pixelLayout } from './encodings.js';
import type { Pixels, PixelsOutcome } from './pixels.js';
import { rgbFromPackedYuv, rgbFromPlanarYuv } from './yuv.js';

type LayoutOf<Kind extends PixelLayout['kind']> = Extract<PixelLayout, { kind: Kind }>;

const PIXELS_PER_SLICE = 400_000;

/**
 * Decodes a `sensor_msgs/Image` that shows a picture into 8-bit grey or RGB. The result may be a view on the message.
 * @param bitDepth - how many bits of 16-bit samples are used; of those the upper eight are kept, of 16 as cv_bridge and
 *   image decoders do
 */
export async function decodeImage(image: Image, bitDepth: BitDepthChoice = 16): Promise<PixelsOutcome> {
  const layout = pixelLayout(image.encoding);
  if (layout === undefined) {
    return invalid(`Expected one of ${knownEncodings()} for Image.encoding but received '${image.encoding}'`);
  }
  switch (layout.kind) {
    case 'colour':
      return decodeColour(image, layout, bitDepth);
    case 'grey':
      return decodeGrey(image, layout, bitDepth);
    case 'bayer':
      return decodeBayer(image, layout, bitDepth);
    case 'packed-yuv':
      return decodePackedYuv(image, layout);
    case 'planar-yuv':
      return decodePlanarYuv(image, layout);
  }
}

async function decodeColour(
  image: Image,
  { bits, channels, red }: LayoutOf<'colour'>,
  bitDepth: BitDepthChoice,
): Promise<PixelsOutcome> {
  if (bits === 16) {
    const read = await readBytes16(image, channels, bitDepth);
    if (read.kind === 'invalid') return read;
    const step = image.width * channels;
    const bytes = { ...image, step, data: read.bytes };
    return channels === 3 && red === 0 ? decodeGreyOrRgb8(bytes, 3) : gatherBytes(bytes, channels, [red, 1, 2 - red]);
  }
  const problem = checkImageLayout(image, image.width * channels);
  if (problem !== undefined) return invalid(problem);
  if (channels === 3 && red === 0) return decodeGreyOrRgb8(image, 3);
  return gatherBytes(image, channels, [red, 1, 2 - red]);
}

async function decodeGrey(image: Image, { bits }: LayoutOf<'grey'>, bitDepth: BitDepthChoice): Promise<PixelsOutcome> {
  if (bits === 8) return decodeGreyOrRgb8(image, 1);
  const read = await readBytes16(image, 1, bitDepth);
  return read.kind === 'invalid' ? read : pixels(image, 1, read.bytes);
}

/** The used bits' upper eight of 16-bit samples, rows packed. */
async function readBytes16(
  image: Image,
  channels: number,
  bitDepth: BitDepthChoice,
): Promise<{ kind: 'bytes'; bytes: Uint8Array } | { kind: 'invalid'; reason: string }> {
  const read = readSamples16(image, image.width * channels);
  if (read.kind === 'invalid') return read;
  const { samples } = read;
  const bits = chosenBits(samples, bitDepth);
  const bytes = new Uint8Array(samples.length);
  await inSlices(samples.length, PIXELS_PER_SLICE, (from, to) => toBytes(samples, bits, bytes, from, to));
  return { kind: 'bytes', bytes };
}

function chosenBits(samples: Uint16Array, bitDepth: BitDepthChoice): number {
  return typeof bitDepth === 'number' ? bitDepth : bitDepth(sampleRange(samples));
}

/** Bytes that lie as they are needed already. */
function decodeGreyOrRgb8(image: Image, channels: Pixels['channels']): PixelsOutcome {
  const read = readSamples8(image, image.width * channels);
  return read.kind === 'invalid' ? read : pixels(image, channels, read.samples);
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

async function decodeBayer(
  image: Image,
  { bits, pattern }: LayoutOf<'bayer'>,
  bitDepth: BitDepthChoice,
): Promise<PixelsOutcome> {
  if (bits === 8) {
    const read = readSamples8(image, image.width);
    if (read.kind === 'invalid') return read;
    return pixels(image, 3, await demosaic(read.samples, image, pattern, 0));
  }
  const read = readSamples16(image, image.width);
  if (read.kind === 'invalid') return read;
  const { samples } = read;
  const used = chosenBits(samples, bitDepth);
  const highest = 2 ** used - 1;
  // A depth that was set too small must not fold bright samples over.
  if (used < 16) for (let i = 0; i < samples.length; i++) samples[i] = Math.min(samples[i]!, highest);
  return pixels(image, 3, await demosaic(samples, image, pattern, used - 8));
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
