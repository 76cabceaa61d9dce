import type { KernelMemory } from '../../webassembly/index.js';
import type { ImageSize } from '../modality_image.js';
import type { PixelKernel } from './kernel/pixels.js';

/** Where a channel lies in a row: its first byte, and how far apart its pixels are. */
export interface Channel {
  at: number;
  step: number;
}

/** Memory that rows are made in. */
export interface RowSpace {
  kernel: PixelKernel;
  /** All of the memory: a place in it is an index. */
  bytes: Uint8Array;
  /** Where {@link PictureRows.scratchBytes} are free. */
  scratch: number;
}

/** Makes one row at a place of the memory. Rows are asked for in rising order, some again. */
export type WriteRow = (row: number, at: number) => void;

/** A picture that is made row by row, so that none of full size has to be stored on the way to the model's. */
export interface PictureRows extends ImageSize {
  /** Bytes of a row as it is made. */
  rowBytes: number;
  /** Red, green and blue, or one of grey. */
  channels: readonly Channel[];
  scratchBytes: number;
  bind(space: RowSpace): WriteRow;
}

export type RowsOutcome = { kind: 'rows'; rows: PictureRows } | { kind: 'invalid'; reason: string };

/** Kernels read and write so many bytes beyond a row. */
export const VECTOR_BYTES = 16;

/** Bytes of a plane of `width` samples, so that the next one begins behind what kernels write. */
export function planeBytes(width: number): number {
  return (Math.ceil(width / VECTOR_BYTES) + 1) * VECTOR_BYTES;
}

/** Three planes behind each other. */
export function planes(width: number): { rowBytes: number; channels: readonly Channel[] } {
  const plane = planeBytes(width);
  return { rowBytes: 3 * plane, channels: [0, plane, 2 * plane].map((at) => ({ at, step: 1 })) };
}

/** Pixels of `pixelBytes` side by side, with the channels at these positions. */
export function sideBySide(
  width: number,
  pixelBytes: number,
  positions: readonly number[],
): { rowBytes: number; channels: readonly Channel[] } {
  return { rowBytes: width * pixelBytes, channels: positions.map((at) => ({ at, step: pixelBytes })) };
}

/** Takes parts of one memory as a place to make rows in. */
export function rowSpace(memory: KernelMemory<PixelKernel>, scratchBytes: number): RowSpace {
  const scratch = memory.bytes(scratchBytes + 2 * VECTOR_BYTES);
  return { kernel: memory.kernel, bytes: new Uint8Array(scratch.buffer), scratch: scratch.byteOffset };
}
