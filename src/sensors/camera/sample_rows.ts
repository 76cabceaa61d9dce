import type { Image } from '../../messages/types.js';
import { MACHINE_IS_BIG_ENDIAN } from '../byte_order.js';
import { type PictureRows, type RowSpace, sideBySide } from './picture_rows.js';

/** Copies the samples of a row to a place in the memory, in the machine's byte order. */
export type ReadRow = (row: number, bytes: Uint8Array, at: number) => void;

/** Reads the rows of an image whose layout was checked. */
export function rowReader({ data, step, is_bigendian }: Image, rowBytes: number, bytesPerSample: 1 | 2): ReadRow {
  const copy: ReadRow = (row, bytes, at) => bytes.set(data.subarray(row * step, row * step + rowBytes), at);
  if (bytesPerSample === 1 || (is_bigendian !== 0) === MACHINE_IS_BIG_ENDIAN) return copy;
  return (row, bytes, at) => {
    copy(row, bytes, at);
    Buffer.from(bytes.buffer, bytes.byteOffset + at, rowBytes).swap16();
  };
}

/** Samples of 8 bits that lie as they are needed already: channels side by side, at these positions of a pixel. */
export function rowsOfBytes(image: Image, pixelBytes: number, positions: readonly number[]): PictureRows {
  const { width, height } = image;
  const layout = sideBySide(width, pixelBytes, positions);
  const read = rowReader(image, layout.rowBytes, 1);
  return {
    width,
    height,
    ...layout,
    scratchBytes: 0,
    bind:
      ({ bytes }) =>
      (row, at) =>
        read(row, bytes, at),
  };
}

/** The same of 16-bit samples of which `bits` are used: the upper eight of those. */
export function rowsOfUpperBytes(
  image: Image,
  pixelSamples: number,
  positions: readonly number[],
  bits: number,
): PictureRows {
  const { width, height } = image;
  const layout = sideBySide(width, pixelSamples, positions);
  const count = width * pixelSamples;
  const read = rowReader(image, 2 * count, 2);
  const bind =
    ({ kernel, bytes, scratch }: RowSpace) =>
    (row: number, at: number) => {
      read(row, bytes, scratch);
      kernel.narrow16(scratch, count, bits - 8, at);
    };
  return { width, height, ...layout, scratchBytes: 2 * count, bind };
}
