import { ConfusionMatrix } from './confusion_matrix.js';

/** Exact pixel counts of one frame: the unit of which every score, difference and resampling is made. */
export interface FrameCounts {
  name: string;
  condition: string;
  case: string;
  /** `truth, prediction, pixels` after each other, see {@link ConfusionMatrix.toTriplets}. */
  counts: number[];
}

/** Frames that have something in common, and their sum. */
export interface Group {
  name: string;
  frames: number;
  matrix: ConfusionMatrix;
}

/**
 * Counts one frame.
 * @param labels - predicted classes, 0..classCount-1, anything else is no class
 * @param truth - classes on the same grid, 255 is left out
 */
export function countFrame(
  { name, condition, case: failure }: Omit<FrameCounts, 'counts'>,
  classCount: number,
  labels: Uint8Array,
  truth: Uint8Array,
): FrameCounts {
  const matrix = new ConfusionMatrix(classCount);
  matrix.add(labels, truth);
  return { name, condition, case: failure, counts: matrix.toTriplets() };
}

/** The sum of all frames. */
export function totalOf(frames: readonly FrameCounts[], classCount: number): ConfusionMatrix {
  const total = new ConfusionMatrix(classCount);
  for (const { counts } of frames) total.addTriplets(counts);
  return total;
}

/**
 * Sums frames by what they have in common: a matrix of its own for each group, as the published evaluations have, and no
 * mean over pictures.
 * @returns the groups by name
 */
export function groupFrames(
  frames: readonly FrameCounts[],
  classCount: number,
  by: (frame: FrameCounts) => string,
): Group[] {
  const groups = new Map<string, Group>();
  for (const frame of frames) {
    const name = by(frame);
    const group = groups.get(name) ?? { name, frames: 0, matrix: new ConfusionMatrix(classCount) };
    group.frames++;
    group.matrix.addTriplets(frame.counts);
    groups.set(name, group);
  }
  return [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
