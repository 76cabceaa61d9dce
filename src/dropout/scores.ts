import { ConfusionMatrix, resizeLabelsNearest, scores } from '../evaluation/index.js';
import type { Stamp } from '../messages/index.js';
import { type BundleClass, classCountOf } from '../model/index.js';
import type { LabelImage } from '../report/index.js';
import type { MaskPair } from './metrics.js';
import { unpackLabels } from './packed_labels.js';
import type { MaskRecord, RunRecord } from './run_record.js';

/** Scores of all runs over the same frames, percent; null where a class has no score. */
export interface ScoreComparison {
  /** `ground-truth`, or where the bag has none the clean run's masks: then its own score is 100. */
  against: 'ground-truth' | 'clean-masks';
  frames: number;
  miou: RunScores;
  perClass: Record<string, RunScores>;
}

/** One score in each run; `absent` is the one in which the faulty sensors were switched off from the start. */
export interface RunScores {
  clean: number | null;
  faulty: number | null;
  absent: number | null;
}

/** As in a replay: label images carry the camera's stamp, a stand-in's masks lie a little beside it. */
const TOLERANCE_NS = 25_000_000n;

/**
 * Scores the moments of which every run has a mask, and the bag ground truth if it has any. Missing masks count in
 * continuity.
 * @param onFrame - takes the counts of the faulty run's mask, with the clean run's mask of the moment
 * @param absent - mask of the run without the faulty sensors by the clean run's; undefined where there was no such run
 */
export function compareScores(
  pairs: readonly MaskPair[],
  absent: ReadonlyMap<MaskRecord, MaskRecord | undefined> | undefined,
  { groundTruth }: RunRecord,
  classes: readonly BundleClass[],
  onFrame?: (clean: MaskRecord, counts: number[]) => void,
): ScoreComparison {
  const against = groundTruth.size > 0 ? 'ground-truth' : 'clean-masks';
  const newMatrix = () => new ConfusionMatrix(classCountOf({ classes }));
  const matrices = { clean: newMatrix(), faulty: newMatrix(), absent: newMatrix() };
  const stamps = [...groundTruth.keys()];
  const one = newMatrix();
  let frames = 0;
  for (const { clean, faulty, by } of pairs) {
    const without = absent?.get(clean);
    if (faulty === undefined || (absent !== undefined && without === undefined)) continue;
    const truthOf = (mask: MaskRecord): LabelImage | undefined => {
      if (against === 'clean-masks') return unpackLabels(clean.labels);
      const nearest = nearestStamp(stamps, mask.stamp);
      return nearest === undefined ? undefined : unpackLabels(groundTruth.get(nearest)!);
    };
    const cleanTruth = truthOf(clean);
    if (cleanTruth === undefined) continue;
    // Stamps that are off say nothing about what was seen. Label images carry the camera's stamps: masks a stand-in has
    // stamped too far beside them are scored by those of the clean mask, half a period away at most.
    add(matrices.clean, clean, cleanTruth);
    one.clear();
    add(one, faulty, (by === 'stamp' ? truthOf(faulty) : undefined) ?? cleanTruth);
    matrices.faulty.merge(one);
    onFrame?.(clean, one.toTriplets());
    if (without !== undefined) add(matrices.absent, without, truthOf(without) ?? cleanTruth);
    frames++;
  }
  const of = {
    clean: scores(matrices.clean, 'left-out'),
    faulty: scores(matrices.faulty, 'left-out'),
    absent: scores(matrices.absent, 'left-out'),
  };
  const inEachRun = (figure: (run: typeof of.clean) => number): RunScores => ({
    clean: percent(figure(of.clean)),
    faulty: percent(figure(of.faulty)),
    absent: percent(figure(of.absent)),
  });
  return {
    against,
    frames,
    miou: inEachRun(({ miou }) => miou),
    perClass: Object.fromEntries(classes.map(({ id, name }) => [name, inEachRun((run) => run.classes[id]!.iou)])),
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
