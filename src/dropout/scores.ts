import { ConfusionMatrix, resizeLabelsNearest, scores } from '../evaluation/index.js';
import type { Stamp } from '../messages/index.js';
import type { BundleClass } from '../model/index.js';
import type { LabelImage } from '../report/index.js';
import type { MaskPair } from './metrics.js';
import { unpackLabels } from './packed_labels.js';
import type { MaskRecord, RunRecord } from './run_record.js';

/** Scores of both runs over the same frames, percent; null where a class has no score. */
export interface ScoreComparison {
  /** `ground-truth`, or where the bag has none the clean run's masks: then its own score is 100. */
  against: 'ground-truth' | 'clean-masks';
  frames: number;
  miou: { clean: number | null; faulty: number | null };
  perClass: Record<string, { clean: number | null; faulty: number | null }>;
}

/** As in a replay: label images carry the camera's stamp, a stand-in's masks lie a little beside it. */
const TOLERANCE_NS = 25_000_000n;

/** Scores the pairs that have both masks, and ground truth if the bag has any. Missing masks count in continuity. */
export function compareScores(
  pairs: readonly MaskPair[],
  { groundTruth }: RunRecord,
  classes: readonly BundleClass[],
): ScoreComparison {
  const against = groundTruth.size > 0 ? 'ground-truth' : 'clean-masks';
  const classCount = Math.max(...classes.map(({ id }) => id)) + 1;
  const clean = new ConfusionMatrix(classCount);
  const faulty = new ConfusionMatrix(classCount);
  const stamps = [...groundTruth.keys()];
  let frames = 0;
  for (const pair of pairs) {
    if (pair.faulty === undefined) continue;
    const truthOf = (mask: MaskRecord): LabelImage | undefined => {
      if (against === 'clean-masks') return unpackLabels(pair.clean.labels);
      const nearest = nearestStamp(stamps, mask.stamp);
      return nearest === undefined ? undefined : unpackLabels(groundTruth.get(nearest)!);
    };
    const cleanTruth = truthOf(pair.clean);
    // Stamps that are off say nothing about what was seen. Label images carry the camera's stamps: masks a stand-in has
    // stamped too far beside them are scored by those of the clean mask, half a period away at most.
    const own = pair.by === 'stamp' ? truthOf(pair.faulty) : undefined;
    const truths = { clean: cleanTruth, faulty: own ?? cleanTruth };
    if (truths.clean === undefined || truths.faulty === undefined) continue;
    add(clean, pair.clean, truths.clean);
    add(faulty, pair.faulty, truths.faulty);
    frames++;
  }
  const [before, after] = [scores(clean, 'left-out'), scores(faulty, 'left-out')];
  const perClass = classes.map(({ id, name }): [string, { clean: number | null; faulty: number | null }] => [
    name,
    { clean: percent(before.classes[id]!.iou), faulty: percent(after.classes[id]!.iou) },
  ]);
  return {
    against,
    frames,
    miou: { clean: percent(before.miou), faulty: percent(after.miou) },
    perClass: Object.fromEntries(perClass),
  };
}

function add(matrix: ConfusionMatrix, { labels }: MaskRecord, truth: LabelImage): void {
  const mask = unpackLabels(labels);
  matrix.add(resizeLabelsNearest(mask.labels, mask, truth), truth.labels);
}

function nearestStamp(stamps: readonly Stamp[], wanted: Stamp): Stamp | undefined {
  let best: Stamp | undefined;
  let least = TOLERANCE_NS + 1n;
  for (const stamp of stamps) {
    const apart = stamp > wanted ? stamp - wanted : wanted - stamp;
    if (apart < least) [best, least] = [stamp, apart];
  }
  return best;
}

function percent(share: number): number | null {
  return Number.isNaN(share) ? null : share * 100;
}
