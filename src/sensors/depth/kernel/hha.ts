import { compileKernel } from '../../../webassembly/index.js';
import { HHA_WASM } from './hha_wasm.js';

/** Functions of `hha.as`, which describes their arguments. All places are byte offsets in the memory of the kernel. */
export interface HhaKernel {
  setUp(
    width: number,
    pitch: number,
    metres: number,
    inverse: number,
    rayX: number,
    rayY: number,
    rayKnown: number,
    planes: number,
    columns: number,
    steps: number,
    image: number,
    open: number,
  ): void;
  setView(
    published: number,
    near: number,
    low: number,
    high: number,
    upX: number,
    upY: number,
    upZ: number,
    cameraHeight: number,
  ): void;
  invertRow(v: number): void;
  preparePlanes(v: number, minDeterminant: number): void;
  encodeRow(v: number, gate: number, minSamples: number, minDeterminant: number): number;
}

export const HHA_KERNEL = compileKernel<HhaKernel>(HHA_WASM);
