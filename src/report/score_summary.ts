import { type ConfusionMatrix, scores } from '../evaluation/index.js';
import type { ColouredClass } from './overlay.js';
import type { ReplaySummary } from './summary.js';

export type ScoreSummary = NonNullable<ReplaySummary['score']>;

/** Frames scored together. */
export interface ScoredGroup {
  confusion: ConfusionMatrix;
  frames: number;
}

/** Turns the confusion matrices of a replay into the percentages of its summary. */
export function summariseScores(
  classes: readonly ColouredClass[],
  {
    all,
    stretches,
    subsets,
  }: {
    all: ScoredGroup;
    stretches: ReadonlyMap<string, ScoredGroup>;
    subsets: readonly (ScoredGroup & { condition: string | null; present: readonly string[] })[];
  },
): ScoreSummary {
  const overall = scores(all.confusion, 'left-out');
  const byName = (pick: (id: number) => number | undefined): Record<string, number | null> =>
    Object.fromEntries(classes.map(({ id, name }) => [name, percentage(pick(id))]));
  return {
    unit: 'percent',
    frames: all.frames,
    convention: 'left-out',
    miou: percentage(overall.miou),
    miouAbsentAsZero: percentage(scores(all.confusion, 'zero').miou),
    meanAccuracy: percentage(overall.meanAccuracy),
    meanF1: percentage(overall.meanF1),
    pixelAccuracy: percentage(overall.pixelAccuracy),
    perClass: byName((id) => overall.classes[id]?.iou),
    perClassAccuracy: byName((id) => overall.classes[id]?.accuracy),
    perClassF1: byName((id) => overall.classes[id]?.f1),
    stretches: Object.fromEntries(
      [...stretches].map(([name, stretch]) => {
        const score = scores(stretch.confusion, 'left-out');
        return [
          name,
          { frames: stretch.frames, miou: percentage(score.miou), perClass: byName((id) => score.classes[id]?.iou) },
        ];
      }),
    ),
    subsets: subsets.map(({ condition, present, frames, confusion }) => ({
      condition,
      present: [...present],
      frames,
      miou: percentage(scores(confusion, 'left-out').miou),
    })),
  };
}

/** 0..1 to percent; null where there is no score. */
function percentage(share: number | undefined): number | null {
  return share === undefined || Number.isNaN(share) ? null : share * 100;
}
