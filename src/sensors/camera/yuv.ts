import type { ImageSize } from '../modality_image.js';
import { type PictureRows, planeBytes, planes } from './picture_rows.js';

/** Rows that lie `step` bytes apart. */
export interface ByteRows {
  data: Uint8Array;
  step: number;
}

/**
 * YUV 4:2:2 with two pixels in four bytes (UYVY or YUYV): ITU-R BT.601 with Y in 16..235, as cameras deliver it and OpenCV
 * reads it.
 * @param packed - height rows of width * 2 bytes; width is even
 * @param luma - position of the first pixel's Y: 1 for UYVY, 0 for YUYV
 */
export function rowsOfPackedYuv(packed: ByteRows, { width, height }: ImageSize, luma: 0 | 1): PictureRows {
  const { rowBytes, channels } = planes(width);
  const plane = planeBytes(width);
  return {
    width,
    height,
    rowBytes,
    channels,
    scratchBytes: 2 * width,
    bind:
      ({ kernel, bytes, scratch }) =>
      (row, at) => {
        copyRow(packed, row, 2 * width, bytes, scratch);
        kernel.packedYuv(scratch, luma, width, at, at + plane, at + 2 * plane);
      },
  };
}

/**
 * A plane of Y followed by one of interleaved chroma (NV12, NV21, NV24).
 * @param y - height rows of width bytes
 * @param chroma - rows of U and V in turn, one pair for each `subsampling` x `subsampling` pixels
 * @param u - position of U in a pair: 0 for NV12 and NV24, 1 for NV21
 */
export function rowsOfPlanarYuv(
  y: ByteRows,
  chroma: ByteRows,
  { width, height }: ImageSize,
  subsampling: 1 | 2,
  u: 0 | 1,
): PictureRows {
  const { rowBytes, channels } = planes(width);
  const plane = planeBytes(width);
  const chromaBytes = (2 * width) / subsampling;
  return {
    width,
    height,
    rowBytes,
    channels,
    scratchBytes: plane + planeBytes(chromaBytes),
    bind:
      ({ kernel, bytes, scratch }) =>
      (row, at) => {
        const pairs = scratch + plane;
        copyRow(y, row, width, bytes, scratch);
        copyRow(chroma, Math.floor(row / subsampling), chromaBytes, bytes, pairs);
        const convert = subsampling === 1 ? kernel.fullChromaYuv : kernel.halfChromaYuv;
        convert(scratch, pairs, u, width, at, at + plane, at + 2 * plane);
      },
  };
}

function copyRow({ data, step }: ByteRows, row: number, length: number, bytes: Uint8Array, at: number): void {
  bytes.set(data.subarray(row * step, row * step + length), at);
}
