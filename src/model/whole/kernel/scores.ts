import { compileKernel } from '../../../webassembly/index.js';
import { SCORES_WASM } from './scores_wasm.js';

/** Functions of `scores.as`; all places are byte offsets in the memory they were made with. */
export interface ScoreKernel {
  mix(upper: number, lower: number, share: number, out: number, count: number): void;
  stretchWhole(row: number, channels: number, width: number, ratio: number, out: number): void;
  stretchAny(
    row: number,
    channels: number,
    width: number,
    before: number,
    after: number,
    share: number,
    out: number,
    count: number,
  ): void;
  choose(values: number, channels: number, count: number, winners: number, certainties: number, mode: number): number;
}

/** How certain a pixel is: not asked for, the largest share of the softmax, or the score itself. */
export const CERTAINTY = { none: 0, softmax: 1, score: 2 } as const;

export const SCORE_KERNEL = compileKernel<ScoreKernel>(SCORES_WASM);
