import { compileKernel } from '../../../webassembly/index.js';
import { PROJECT_WASM } from './project_wasm.js';

/** Functions of `project.as`, which describes their arguments. All places are byte offsets in the memory of the kernel. */
export interface ProjectKernel {
  projectRows(
    metres: number,
    rays: number,
    numbers: number,
    width: number,
    fromRow: number,
    toRow: number,
    stride: number,
    out: number,
    gridWidth: number,
    gridHeight: number,
  ): void;
}

export const PROJECT_KERNEL = compileKernel<ProjectKernel>(PROJECT_WASM);
