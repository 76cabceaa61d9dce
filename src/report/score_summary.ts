import { type ConfusionMatrix, scores } from '../evaluation/index.js';
import type { ColouredClass } from './overlay.js';
import type { ReplaySummary } from './summary.js';

type ScoreSummary = NonNullable<ReplaySummary['score']>;

/** Turns the confusion matrices of a replay into the percentages of its summary. */
export function summariseScores(
  classes: readonly ColouredClass[],
  confusion: ConfusionMatrix,
  frames: number,
  stretches: ReadonlyMap<string, { confusion: ConfusionMatrix; frames: number }>,
): ScoreSummary {
  const overall = scores(confusion, 'left-out');
  const byName = (pick: (id: number) => number | undefined): Record<string, number | null> =>
    Object.fromEntries(classes.map(({ id, name }) => [name, percentage(pick(id))]));
  return {
    unit: 'percent',
    frames,
    convention: 'left-out',
    miou: percentage(overall.miou),
    miouAbsentAsZero: percentage(scores(confusion, 'zero').miou),
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
  };
}

/** 0..1 to percent; null where there is no score. */
function percentage(share: number | undefined): number | null {
  return share === undefined || Number.isNaN(share) ? null : share * 100;
}
