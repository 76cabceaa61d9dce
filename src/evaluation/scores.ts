import type { ConfusionMatrix } from './confusion_matrix.js';

/**
 * What the mean over classes does with a class that occurs neither in the ground truth nor in the prediction:
 * - `left-out`: it has no score and is not averaged (Cityscapes, MCubeS);
 * - `zero`: it counts as 0 (CMNeXt, hence the published DELIVER tables).
 *
 * They differ as soon as a class is missing from the images scored: always name the one printed.
 */
export type AbsentClassConvention = 'left-out' | 'zero';

/** Whose convention it is: a figure is never printed without it. */
export const CONVENTION_NAMES = { 'left-out': 'cityscapes', zero: 'cmnext' } as const;

/** Scores of one class, 0..1; NaN where the class has no such score (convention `left-out`). */
export interface ClassScores {
  iou: number;
  /** Recall: the share of the class's ground-truth pixels that were found. */
  accuracy: number;
  f1: number;
  truthPixels: number;
  predictedPixels: number;
}

/** Scores of a confusion matrix, 0..1. */
export interface Scores {
  convention: AbsentClassConvention;
  /** Mean intersection over union; NaN when no class can be scored. */
  miou: number;
  /** Mean class accuracy. */
  meanAccuracy: number;
  meanF1: number;
  /** Share of all scored pixels that are right. */
  pixelAccuracy: number;
  /** Indexed by class id. */
  classes: ClassScores[];
}

/**
 * Scores a confusion matrix: IoU = TP / (TP + FP + FN), accuracy = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN).
 * False positives are counted on scored pixels only. Sources: `evalPixelLevelSemanticLabeling.py` of the Cityscapes
 * scripts (`left-out`), `semseg/metrics.py` of DELIVER/CMNeXt (`zero`).
 */
export function scores(matrix: ConfusionMatrix, convention: AbsentClassConvention): Scores {
  const absent = convention === 'zero' ? 0 : Number.NaN;
  const ratio = (part: number, whole: number): number => (whole === 0 ? absent : part / whole);
  const classes: ClassScores[] = [];
  let right = 0;
  let total = 0;
  for (let id = 0; id < matrix.classCount; id++) {
    const hits = matrix.count(id, id);
    const truthPixels = matrix.truthTotal(id);
    const predictedPixels = matrix.predictionTotal(id);
    right += hits;
    total += truthPixels;
    classes.push({
      iou: ratio(hits, truthPixels + predictedPixels - hits),
      accuracy: ratio(hits, truthPixels),
      f1: ratio(2 * hits, truthPixels + predictedPixels),
      truthPixels,
      predictedPixels,
    });
  }
  return {
    convention,
    miou: meanOfNumbers(classes.map((c) => c.iou)),
    meanAccuracy: meanOfNumbers(classes.map((c) => c.accuracy)),
    meanF1: meanOfNumbers(classes.map((c) => c.f1)),
    pixelAccuracy: total === 0 ? Number.NaN : right / total,
    classes,
  };
}

/** Mean of the values that are numbers, NaN when there is none (numpy's `nanmean`). */
function meanOfNumbers(values: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}
