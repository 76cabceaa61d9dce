import { Random } from '../random/random.js';
import type { FrameCounts } from './frame_counts.js';
import type { AbsentClassConvention } from './scores.js';

/** How a score differs between two runs, percent; null where neither run, or only one, has it. */
export interface Difference {
  a: number | null;
  b: number | null;
  /** B - A. */
  difference: number | null;
  /** Ends of the interval that holds the middle 95 % of the differences of all resamples. */
  low: number | null;
  high: number | null;
}

export interface ComparedFrames {
  frames: number;
  miou: Difference;
  /** IoU by class id. */
  classes: Difference[];
}

export interface CompareOptions {
  convention: AbsentClassConvention;
  seed: number;
  /** How often the frames are drawn anew. */
  resamples: number;
}

const OUTSIDE = 0.025;

/**
 * Compares two runs on the same frames by a paired bootstrap (Efron and Tibshirani 1993): frames are drawn with
 * replacement, as many as there are and the same of both runs, the counts of each draw are summed and scored. Frames of
 * one drive are alike, so that the interval is narrower than one over drives.
 * @param a - frames of the first run; `b` those of the second in the same order
 */
export function compareFrames(
  a: readonly FrameCounts[],
  b: readonly FrameCounts[],
  classCount: number,
  { convention, seed, resamples }: CompareOptions,
): ComparedFrames {
  if (a.length !== b.length || a.some(({ name }, i) => name !== b[i]!.name)) {
    throw new RangeError('Expected the same frames of both runs in the same order');
  }
  const rows = [a, b].map((frames) => marginals(frames, classCount)) as [Float64Array, Float64Array];
  const every = Array.from({ length: a.length }, (_, i) => i);
  const score = (drawn: readonly number[]) =>
    rows.map((row) => ious(sumOf(row, drawn, classCount), classCount, convention)) as [Float64Array, Float64Array];
  const [ownA, ownB] = score(every);
  const random = new Random(seed, 'bootstrap', a.length);
  /** One list of differences for mIoU, then one for each class. */
  const differences = Array.from({ length: classCount + 1 }, () => new Float64Array(resamples).fill(Number.NaN));
  const drawn = new Array<number>(a.length).fill(0);
  for (let k = 0; k < resamples; k++) {
    for (let i = 0; i < drawn.length; i++) drawn[i] = random.integer(0, drawn.length - 1);
    const [drawnA, drawnB] = score(drawn);
    for (let i = 0; i <= classCount; i++) differences[i]![k] = drawnB[i]! - drawnA[i]!;
  }
  const difference = (i: number): Difference => {
    const sorted = differences[i]!.filter((value) => !Number.isNaN(value)).sort();
    const at = (share: number) => percent(sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN);
    return {
      a: percent(ownA[i]!),
      b: percent(ownB[i]!),
      difference: percent(ownB[i]! - ownA[i]!),
      low: at(OUTSIDE),
      high: at(1 - OUTSIDE),
    };
  };
  return {
    frames: a.length,
    miou: difference(0),
    classes: Array.from({ length: classCount }, (_, id) => difference(id + 1)),
  };
}

/** For each frame and class: hits, pixels of the truth, pixels of the prediction. */
function marginals(frames: readonly FrameCounts[], classCount: number): Float64Array {
  const rows = new Float64Array(frames.length * classCount * 3);
  frames.forEach(({ counts }, frame) => {
    const row = frame * classCount * 3;
    for (let i = 0; i < counts.length; i += 3) {
      const [truth, prediction, pixels] = [counts[i]!, counts[i + 1]!, counts[i + 2]!];
      if (truth === prediction) rows[row + 3 * truth]! += pixels;
      rows[row + 3 * truth + 1]! += pixels;
      if (prediction < classCount) rows[row + 3 * prediction + 2]! += pixels;
    }
  });
  return rows;
}

function sumOf(rows: Float64Array, drawn: readonly number[], classCount: number): Float64Array {
  const length = classCount * 3;
  const sum = new Float64Array(length);
  for (const frame of drawn) {
    const row = frame * length;
    for (let i = 0; i < length; i++) sum[i]! += rows[row + i]!;
  }
  return sum;
}

/** The mean, then each class; 0..1, NaN where there is none. */
function ious(sum: Float64Array, classCount: number, convention: AbsentClassConvention): Float64Array {
  const result = new Float64Array(classCount + 1);
  let total = 0;
  let known = 0;
  for (let id = 0; id < classCount; id++) {
    const hits = sum[3 * id]!;
    const union = sum[3 * id + 1]! + sum[3 * id + 2]! - hits;
    const iou = union > 0 ? hits / union : convention === 'zero' ? 0 : Number.NaN;
    result[id + 1] = iou;
    if (Number.isNaN(iou)) continue;
    total += iou;
    known++;
  }
  result[0] = known === 0 ? Number.NaN : total / known;
  return result;
}

function percent(share: number): number | null {
  return Number.isNaN(share) ? null : 100 * share;
}
