import { inRowSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';

const PIXELS_PER_SLICE = 200_000;

/*
 * ITU-R BT.601 with Y in 16..235 and chroma in 16..240, as cameras deliver it and OpenCV reads it; 16-bit fractions.
 */
const RED_OF_V = 104_597;
const GREEN_OF_U = -25_675;
const GREEN_OF_V = -53_279;
const BLUE_OF_U = 132_201;
/** What each Y adds to all three channels, a half for rounding included. */
const LUMINANCE = Int32Array.from({ length: 256 }, (_, y) => 76_309 * Math.max(0, y - 16) + 32_768);

/**
 * YUV 4:2:2 with two pixels in four bytes (UYVY or YUYV) to RGB.
 * @param packed - height rows of width * 2 bytes; width is even
 * @param luma - position of the first pixel's Y: 1 for UYVY, 0 for YUYV
 */
export async function rgbFromPackedYuv(packed: Uint8Array, size: ImageSize, luma: 0 | 1): Promise<Uint8Array> {
  const rgb = new Uint8ClampedArray(size.width * size.height * 3);
  await inRowSlices(size, PIXELS_PER_SLICE, (from, to) => {
    convertPackedRows(packed, luma, rgb, from * size.width, to * size.width);
  });
  return new Uint8Array(rgb.buffer);
}

/**
 * A plane of Y followed by one of interleaved chroma (NV12, NV21, NV24) to RGB.
 * @param y - height rows of width bytes
 * @param chroma - rows of U and V in turn, one pair for each `subsampling` x `subsampling` pixels
 * @param u - position of U in a pair: 0 for NV12 and NV24, 1 for NV21
 */
export async function rgbFromPlanarYuv(
  y: Uint8Array,
  chroma: Uint8Array,
  size: ImageSize,
  subsampling: 1 | 2,
  u: 0 | 1,
): Promise<Uint8Array> {
  const rgb = new Uint8ClampedArray(size.width * size.height * 3);
  const pairsPerRow = size.width / subsampling;
  await inRowSlices(size, PIXELS_PER_SLICE, (from, to) => {
    for (let row = from; row < to; row++) {
      const firstPair = Math.floor(row / subsampling) * pairsPerRow;
      convertPlanarRow(y, chroma, rgb, { firstPixel: row * size.width, firstPair, pairsPerRow, subsampling, u });
    }
  });
  return new Uint8Array(rgb.buffer);
}

/** Pixels `from` up to `to`, both even. */
function convertPackedRows(packed: Uint8Array, luma: 0 | 1, rgb: Uint8ClampedArray, from: number, to: number): void {
  const chroma = 1 - luma;
  for (let pixel = from; pixel < to; pixel += 2) {
    const i = pixel * 2;
    const cb = packed[i + chroma]! - 128;
    const cr = packed[i + chroma + 2]! - 128;
    const red = RED_OF_V * cr;
    const green = GREEN_OF_U * cb + GREEN_OF_V * cr;
    const blue = BLUE_OF_U * cb;
    const first = LUMINANCE[packed[i + luma]!]!;
    const second = LUMINANCE[packed[i + luma + 2]!]!;
    const at = pixel * 3;
    rgb[at] = (first + red) >> 16;
    rgb[at + 1] = (first + green) >> 16;
    rgb[at + 2] = (first + blue) >> 16;
    rgb[at + 3] = (second + red) >> 16;
    rgb[at + 4] = (second + green) >> 16;
    rgb[at + 5] = (second + blue) >> 16;
  }
}

interface PlanarRow {
  firstPixel: number;
  firstPair: number;
  pairsPerRow: number;
  subsampling: 1 | 2;
  u: 0 | 1;
}

function convertPlanarRow(
  y: Uint8Array,
  chroma: Uint8Array,
  rgb: Uint8ClampedArray,
  { firstPixel, firstPair, pairsPerRow, subsampling, u }: PlanarRow,
): void {
  let pixel = firstPixel;
  for (let pair = firstPair; pair < firstPair + pairsPerRow; pair++) {
    const cb = chroma[2 * pair + u]! - 128;
    const cr = chroma[2 * pair + 1 - u]! - 128;
    const red = RED_OF_V * cr;
    const green = GREEN_OF_U * cb + GREEN_OF_V * cr;
    const blue = BLUE_OF_U * cb;
    for (const end = pixel + subsampling; pixel < end; pixel++) {
      const luminance = LUMINANCE[y[pixel]!]!;
      rgb[3 * pixel] = (luminance + red) >> 16;
      rgb[3 * pixel + 1] = (luminance + green) >> 16;
      rgb[3 * pixel + 2] = (luminance + blue) >> 16;
    }
  }
}
