import { compileKernel } from '../../../webassembly/index.js';
import { NORMALS_WASM } from './normals_wasm.js';

/** Functions of `normals.as`; all places are byte offsets in the memory they were made with. */
export interface NormalKernel {
  fitRow(
    inverse: number,
    x: number,
    y: number,
    pitch: number,
    width: number,
    gate: number,
    minSamples: number,
    minDeterminant: number,
    out: number,
  ): void;
}

export const NORMAL_KERNEL = compileKernel<NormalKernel>(NORMALS_WASM);
