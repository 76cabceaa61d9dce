import type { Image } from '../../messages/types.js';
import { checkImageLayout, packRows, readSamples8, readSamples16 } from '../image_samples.js';
import { demosaic } from './bayer.js';
import { knownEncodings, type PixelLayout, pixelLayout } from './encodings.js';
import type { Pixels, PixelsOutcome } from './pixels.js';
import { rgbFromPackedYuv, rgbFromPlanarYuv } from './yuv.js';

type LayoutOf<Kind extends PixelLayout['kind']> = Extract<PixelLayout, { kind: Kind }>;

/**
 * Decodes a `sensor_msgs/Image` that shows a picture into 8-bit grey or RGB. Of 16-bit samples the upper eight bits
 * are kept, as cv_bridge and image decoders do. The result may be a view on the message.
 */
export function decodeImage(image: Image): PixelsOutcome {
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

function decodeColour(image: Image, { bits, channels, red }: LayoutOf<'colour'>): PixelsOutcome {
  const read = readSamples(image, image.width * channels, bits);
  if (read.kind === 'invalid') return read;
  const { samples } = read;
  if (samples instanceof Uint8Array && channels === 3 && red === 0) return pixels(image, 3, samples);
  const shift = bits - 8;
  const rgb = new Uint8Array(image.width * image.height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    rgb[to] = samples[from + red]! >> shift;
    rgb[to + 1] = samples[from + 1]! >> shift;
    rgb[to + 2] = samples[from + 2 - red]! >> shift;
  }
  return pixels(image, 3, rgb);
}

function decodeGrey(image: Image, { bits }: LayoutOf<'grey'>): PixelsOutcome {
  const read = readSamples(image, image.width, bits);
  if (read.kind === 'invalid') return read;
  const { samples } = read;
  if (samples instanceof Uint8Array) return pixels(image, 1, samples);
  const grey = new Uint8Array(samples.length);
  for (let i = 0; i < grey.length; i++) grey[i] = samples[i]! >> 8;
  return pixels(image, 1, grey);
}

function decodeBayer(image: Image, { bits, pattern }: LayoutOf<'bayer'>): PixelsOutcome {
  const read = readSamples(image, image.width, bits);
  if (read.kind === 'invalid') return read;
  return pixels(image, 3, demosaic(read.samples, image, pattern, bits === 8 ? 0 : 8));
}

function decodePackedYuv(image: Image, { luma }: LayoutOf<'packed-yuv'>): PixelsOutcome {
  if (image.width % 2 !== 0) return invalid(expectedEven(image));
  const read = readSamples8(image, image.width * 2);
  if (read.kind === 'invalid') return read;
  return pixels(image, 3, rgbFromPackedYuv(read.samples, image, luma));
}

/** `step` is that of the Y plane; pairs of a chroma plane at full resolution are twice as wide. */
function decodePlanarYuv(image: Image, { subsampling, u }: LayoutOf<'planar-yuv'>): PixelsOutcome {
  const { width, height, step, data } = image;
  if (subsampling === 2 && (width % 2 !== 0 || height % 2 !== 0)) return invalid(expectedEven(image));
  const chromaBytes = subsampling === 2 ? (step * height) / 2 : 2 * step * height;
  const problem = checkImageLayout(image, width, height + chromaBytes / Math.max(1, step));
  if (problem !== undefined) return invalid(problem);
  const y = packRows(data, step, width, height);
  const chromaStep = subsampling === 2 ? step : 2 * step;
  const chromaWidth = subsampling === 2 ? width : 2 * width;
  const chroma = packRows(data.subarray(step * height), chromaStep, chromaWidth, height / subsampling);
  return pixels(image, 3, rgbFromPlanarYuv(y, chroma, image, subsampling, u));
}

function readSamples(image: Image, samplesPerRow: number, bits: 8 | 16) {
  return bits === 8 ? readSamples8(image, samplesPerRow) : readSamples16(image, samplesPerRow);
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
