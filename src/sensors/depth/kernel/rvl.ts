import { compileKernel } from '../../../webassembly/index.js';
import { RVL_WASM } from './rvl_wasm.js';

/** Functions of `rvl.as`; all places are byte offsets in the memory they were made with. */
export interface RvlKernel {
  decodeRvl(words: number, wordCount: number, count: number, mostNibbles: number, out: number): number;
}

export const RVL_KERNEL = compileKernel<RvlKernel>(RVL_WASM);
