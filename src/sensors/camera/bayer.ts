import { inRowSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import type { BayerPattern } from './encodings.js';

const PIXELS_PER_SLICE = 400_000;

/** Samples of one colour each, and the colours of their top left 2x2 pixels in reading order. */
interface Mosaic extends ImageSize {
  samples: Uint8Array | Uint16Array;
  pattern: BayerPattern;
  /** Bits to shift a sample right to make it 8-bit. */
  shift: number;
}

/**
 * Bilinear demosaicing: a colour a pixel did not measure is the mean of its two or four nearest neighbours that did.
 * At the border the picture is mirrored about its outermost pixels, which keeps the pattern's phase.
 *
 * @param samples - height * width samples of one colour each
 * @param pattern - colours of the top left 2x2 pixels in reading order, as in ROS' `bayer_rggb8`; OpenCV's constants
 *   name the same mosaic by its second row and column (rggb = `COLOR_BayerBG2RGB`)
 * @param shift - bits to shift a sample right to make it 8-bit: 0, or 8 for samples of 16 bits
 * @returns height * width * 3 bytes, RGB
 */
export async function demosaic(
  samples: Uint8Array | Uint16Array,
  { width, height }: ImageSize,
  pattern: BayerPattern,
  shift: number,
): Promise<Uint8Array> {
  const rgb = new Uint8Array(width * height * 3);
  const mosaic = { width, height, samples, pattern, shift };
  await inRowSlices(mosaic, PIXELS_PER_SLICE, (from, to) => {
    for (let row = from; row < to; row++) demosaicRow(mosaic, row, rgb);
  });
  return rgb;
}

/** One row: first its pixels that measured red or blue, every other one, then those in between that measured green. */
function demosaicRow({ width, height, samples, pattern, shift }: Mosaic, y: number, rgb: Uint8Array): void {
  const redAt = pattern.indexOf('r');
  const isRedRow = (y & 1) === redAt >> 1;
  // Of the two colours that are not green this row holds one (its "own"), the rows around hold the other.
  const own = isRedRow ? 0 : 2;
  const other = 2 - own;
  const ownColumn = isRedRow ? redAt & 1 : 1 - (redAt & 1);
  // Mirrored neighbours; in a picture one pixel wide or high there is none but the pixel itself.
  const lastX = width - 1;
  const row = y * width;
  const above = (y > 0 ? y - 1 : Math.min(1, height - 1)) * width;
  const below = (y < height - 1 ? y + 1 : Math.max(0, height - 2)) * width;
  for (let x = ownColumn; x < width; x += 2) {
    const left = x > 0 ? x - 1 : Math.min(1, lastX);
    const right = x < lastX ? x + 1 : Math.max(0, lastX - 1);
    const pixel = (row + x) * 3;
    const sides = samples[row + left]! + samples[row + right]!;
    const ends = samples[above + x]! + samples[below + x]!;
    const corners = samples[above + left]! + samples[above + right]! + samples[below + left]! + samples[below + right]!;
    rgb[pixel + own] = samples[row + x]! >> shift;
    rgb[pixel + 1] = ((sides + ends + 2) >> 2) >> shift;
    rgb[pixel + other] = ((corners + 2) >> 2) >> shift;
  }
  for (let x = 1 - ownColumn; x < width; x += 2) {
    const left = x > 0 ? x - 1 : Math.min(1, lastX);
    const right = x < lastX ? x + 1 : Math.max(0, lastX - 1);
    const pixel = (row + x) * 3;
    rgb[pixel + own] = ((samples[row + left]! + samples[row + right]! + 1) >> 1) >> shift;
    rgb[pixel + 1] = samples[row + x]! >> shift;
    rgb[pixel + other] = ((samples[above + x]! + samples[below + x]! + 1) >> 1) >> shift;
  }
}
