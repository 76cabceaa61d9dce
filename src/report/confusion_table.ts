import type { ConfusionMatrix } from '../evaluation/index.js';

/** Pixels by class: `counts[truth][mask]`; the last column holds those whose mask is no class. */
export interface ConfusionTable {
  classes: string[];
  counts: number[][];
}

/** Classes that occur neither in the truth nor in a mask are left out. */
export function confusionTable(
  classes: readonly { id: number; name: string }[],
  matrix: ConfusionMatrix,
): ConfusionTable {
  const occurring = classes.filter(({ id }) => matrix.truthTotal(id) + matrix.predictionTotal(id) > 0);
  return {
    classes: occurring.map(({ name }) => name),
    counts: occurring.map(({ id }) => [
      ...occurring.map((other) => matrix.count(id, other.id)),
      matrix.unclassified(id),
    ]),
  };
}
