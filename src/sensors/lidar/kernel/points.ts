import { compileKernel } from '../../../webassembly/index.js';
import { POINTS_WASM } from './points_wasm.js';

/** Functions of `points.as`; all places are byte offsets in the memory they were made with. */
export interface PointKernel {
  gatherFloats(place: number, step: number, count: number, out: number): void;
  weavePoints(
    x: number,
    y: number,
    z: number,
    intensity: number,
    label: number,
    confidence: number,
    colours: number,
    count: number,
    out: number,
  ): void;
}

export const POINT_KERNEL = compileKernel<PointKernel>(POINTS_WASM);
