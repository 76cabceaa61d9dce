import { compileKernel } from '../../../webassembly/index.js';
import { PIXELS_WASM } from './pixels_wasm.js';

/** Functions of `pixels.as`; all places are byte offsets in the memory they were made with. */
export interface PixelKernel {
  demosaic8(
    above: number,
    row: number,
    below: number,
    width: number,
    first: number,
    own: number,
    green: number,
    other: number,
  ): void;
  demosaic16(
    above: number,
    row: number,
    below: number,
    width: number,
    first: number,
    own: number,
    green: number,
    other: number,
    shift: number,
  ): void;
  limit16(row: number, count: number, highest: number): void;
  narrow16(row: number, count: number, shift: number, out: number): void;
  packedYuv(packed: number, luma: number, width: number, red: number, green: number, blue: number): void;
  halfChromaYuv(y: number, chroma: number, u: number, width: number, red: number, green: number, blue: number): void;
  fullChromaYuv(y: number, chroma: number, u: number, width: number, red: number, green: number, blue: number): void;
  meanOfRows(first: number, stride: number, count: number, length: number, out: number): void;
  weighRows(rows: number, weights: number, pairs: number, length: number, out: number): void;
  meanOfColumns(
    row: number,
    stride: number,
    width: number,
    count: number,
    before: number,
    after: number,
    out: number,
  ): void;
  weighColumns(row: number, starts: number, weights: number, count: number, out: number, step: number): void;
  spreadColumns(row: number, stride: number, width: number, out: number, step: number): void;
  range16(row: number, count: number): number;
}

export const PIXEL_KERNEL = compileKernel<PixelKernel>(PIXELS_WASM);
