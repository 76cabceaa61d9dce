import type { ScoreOutcome } from '../../datasets/index.js';
import {
  type AbsentClassConvention,
  CONVENTION_NAMES,
  type ConfusionMatrix,
  groupFrames,
  type Scores,
  scores,
  totalOf,
} from '../../evaluation/index.js';

/** Scores of a set of frames, percent; null where there is none. */
export interface ScoreRow {
  miou: number | null;
  meanAccuracy: number | null;
  meanF1: number | null;
  pixelAccuracy: number | null;
}

export interface GroupRow {
  name: string;
  frames: number;
  /** By convention. */
  scores: Record<string, ScoreRow>;
}

/** Scores with all modalities, by the two conventions of published tables. */
export interface DatasetScores {
  unit: 'percent';
  all: Record<string, ScoreRow>;
  /** By class name, then by convention. */
  classes: {
    name: string;
    truthPixels: number;
    scores: Record<string, { iou: number | null; accuracy: number | null; f1: number | null }>;
  }[];
  conditions: GroupRow[];
  cases: GroupRow[];
}

const CONVENTIONS = Object.entries(CONVENTION_NAMES) as [AbsentClassConvention, string][];

/** The scores of a unit: all follow from its counts. */
export function datasetScores({ unit }: Pick<ScoreOutcome, 'unit'>): DatasetScores {
  const { frames, classes } = unit;
  const total = totalOf(frames, classes.length);
  const both = CONVENTIONS.map(([convention, name]) => [name, scores(total, convention)] as const);
  const groups = (by: 'condition' | 'case'): GroupRow[] =>
    groupFrames(frames, classes.length, (frame) => frame[by]).map(({ name, frames: count, matrix }) => ({
      name,
      frames: count,
      scores: rowsOf(matrix),
    }));
  return {
    unit: 'percent',
    all: rowsOf(total),
    classes: classes.map((name, id) => ({
      name,
      truthPixels: total.truthTotal(id),
      scores: Object.fromEntries(both.map(([convention, each]) => [convention, classRow(each, id)])),
    })),
    conditions: groups('condition'),
    cases: groups('case'),
  };
}

function rowsOf(matrix: ConfusionMatrix): Record<string, ScoreRow> {
  return Object.fromEntries(CONVENTIONS.map(([convention, name]) => [name, scoreRow(matrix, convention)]));
}

/** Scores of a matrix, percent. */
export function scoreRow(matrix: ConfusionMatrix, convention: AbsentClassConvention): ScoreRow {
  const { miou, meanAccuracy, meanF1, pixelAccuracy } = scores(matrix, convention);
  return {
    miou: percent(miou),
    meanAccuracy: percent(meanAccuracy),
    meanF1: percent(meanF1),
    pixelAccuracy: percent(pixelAccuracy),
  };
}

/** Scores of one class, percent. */
export function classRow({ classes }: Scores, id: number) {
  const { iou, accuracy, f1 } = classes[id]!;
  return { iou: percent(iou), accuracy: percent(accuracy), f1: percent(f1) };
}

function percent(share: number): number | null {
  return Number.isNaN(share) ? null : 100 * share;
}
