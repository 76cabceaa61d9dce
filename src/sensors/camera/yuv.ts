import type { ImageSize } from '../modality_image.js';

/**
 * YUV 4:2:2 with two pixels in four bytes (UYVY or YUYV) to RGB.
 * @param packed - height rows of width * 2 bytes; width is even
 * @param luma - position of the first pixel's Y: 1 for UYVY, 0 for YUYV
 */
export function rgbFromPackedYuv(packed: Uint8Array, { width, height }: ImageSize, luma: 0 | 1): Uint8Array {
  const rgb = new Uint8ClampedArray(width * height * 3);
  const chroma = 1 - luma;
  for (let i = 0, pixel = 0; pixel < rgb.length; i += 4, pixel += 6) {
    const u = packed[i + chroma]!;
    const v = packed[i + chroma + 2]!;
    writeRgb(rgb, pixel, packed[i + luma]!, u, v);
    writeRgb(rgb, pixel + 3, packed[i + luma + 2]!, u, v);
  }
  return new Uint8Array(rgb.buffer);
}

/**
 * A plane of Y followed by one of interleaved chroma (NV12, NV21, NV24) to RGB.
 * @param y - height rows of width bytes
 * @param chroma - rows of U and V in turn, one pair for each `subsampling` x `subsampling` pixels
 * @param u - position of U in a pair: 0 for NV12 and NV24, 1 for NV21
 */
export function rgbFromPlanarYuv(
  y: Uint8Array,
  chroma: Uint8Array,
  { width, height }: ImageSize,
  subsampling: 1 | 2,
  u: 0 | 1,
): Uint8Array {
  const rgb = new Uint8ClampedArray(width * height * 3);
  const shift = subsampling - 1;
  const chromaRow = (width >> shift) * 2;
  for (let row = 0, i = 0; row < height; row++) {
    const pairs = (row >> shift) * chromaRow;
    for (let column = 0; column < width; column++, i++) {
      const pair = pairs + (column >> shift) * 2;
      writeRgb(rgb, i * 3, y[i]!, chroma[pair + u]!, chroma[pair + 1 - u]!);
    }
  }
  return new Uint8Array(rgb.buffer);
}

/** ITU-R BT.601 with Y in 16..235 and chroma in 16..240, as cameras deliver it and OpenCV reads it; 16-bit fractions. */
function writeRgb(rgb: Uint8ClampedArray, at: number, y: number, u: number, v: number): void {
  const luminance = 76_309 * Math.max(0, y - 16) + 32_768;
  const cb = u - 128;
  const cr = v - 128;
  rgb[at] = (luminance + 104_597 * cr) >> 16;
  rgb[at + 1] = (luminance - 25_675 * cb - 53_279 * cr) >> 16;
  rgb[at + 2] = (luminance + 132_201 * cb) >> 16;
}
