import { ConfusionMatrix } from '../evaluation/index.js';

/** Frames of one condition; counts as of {@link ConfusionMatrix.toTriplets}. */
export interface ConditionCounts {
  condition: string;
  frames: number;
  counts: number[];
}

/** Counts masks by the condition of their frame, so that every group of frames can be scored by a matrix of its own. */
export class CountsByCondition {
  readonly #classCount: number;
  readonly #groups = new Map<string, { matrix: ConfusionMatrix; frames: number }>();

  constructor(classCount: number) {
    this.#classCount = classCount;
  }

  /** Adds one frame. */
  add(condition: string, frame: ConfusionMatrix): void {
    const group = this.#group(condition);
    group.matrix.merge(frame);
    group.frames++;
  }

  addCounts({ condition, frames, counts }: ConditionCounts): void {
    const group = this.#group(condition);
    group.matrix.addTriplets(counts);
    group.frames += frames;
  }

  /** By name, whatever came first. */
  counts(): ConditionCounts[] {
    return [...this.#groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([condition, { matrix, frames }]) => ({ condition, frames, counts: matrix.toTriplets() }));
  }

  #group(condition: string) {
    const group = this.#groups.get(condition) ?? { matrix: new ConfusionMatrix(this.#classCount), frames: 0 };
    this.#groups.set(condition, group);
    return group;
  }
}

/** All frames together. */
export function allConditions(groups: readonly ConditionCounts[], classCount: number): ConfusionMatrix {
  const matrix = new ConfusionMatrix(classCount);
  for (const { counts } of groups) matrix.addTriplets(counts);
  return matrix;
}
