import { ConfusionMatrix, resizeLabelsNearest, scores } from '../evaluation/index.js';
import type { ColouredClass } from './overlay.js';
import type { PublishedFrame } from './published_frame.js';
import { type ScoredGroup, type ScoreSummary, summariseScores } from './score_summary.js';

/** Combinations of condition and sensors that are scored apart: a bag may name any number of conditions. */
const MOST_SUBSETS = 64;

/** Scores masks against ground truth: all together, by condition, and by condition and sensors. */
export class ReplayScores {
  readonly #classes: readonly ColouredClass[];
  readonly #frame: ConfusionMatrix;
  readonly #all: ConfusionMatrix;
  readonly #stretches = new Map<string, ScoredGroup>();
  readonly #subsets = new Map<string, ScoredGroup & { condition: string | null; present: readonly string[] }>();
  #frames = 0;

  constructor(classes: readonly ColouredClass[]) {
    const classCount = Math.max(...classes.map(({ id }) => id)) + 1;
    this.#classes = classes;
    this.#frame = new ConfusionMatrix(classCount);
    this.#all = new ConfusionMatrix(classCount);
  }

  /**
   * Scores one frame at the size of its ground truth.
   * @returns its mIoU, 0..1; NaN without ground truth
   * @throws RangeError where the ground truth holds what is no class; the frame is not scored then
   */
  add({ segmentation, groundTruth, stretch }: PublishedFrame): number {
    if (groundTruth === undefined) return Number.NaN;
    this.#frame.clear();
    this.#frame.add(resizeLabelsNearest(segmentation.labels, segmentation, groundTruth), groundTruth.labels);
    this.#all.merge(this.#frame);
    this.#frames++;
    if (stretch !== undefined) this.#addTo(this.#stretches, stretch, {});
    const { present } = segmentation;
    const condition = stretch ?? null;
    const subset = JSON.stringify([condition, present]);
    if (this.#subsets.has(subset) || this.#subsets.size < MOST_SUBSETS) {
      this.#addTo(this.#subsets, subset, { condition, present: [...present] });
    }
    return scores(this.#frame, 'left-out').miou;
  }

  /** Pixels of each class of the truth by class of the mask; all 0 where nothing was scored. */
  get confusion(): ConfusionMatrix {
    return this.#all;
  }

  /** Undefined where nothing was scored. */
  summary(): ScoreSummary | undefined {
    if (this.#frames === 0) return undefined;
    return summariseScores(this.#classes, {
      all: { confusion: this.#all, frames: this.#frames },
      stretches: this.#stretches,
      subsets: [...this.#subsets.values()],
    });
  }

  #addTo<Key extends object>(groups: Map<string, ScoredGroup & Key>, name: string, key: Key): void {
    let group = groups.get(name);
    if (group === undefined) {
      group = { ...key, confusion: new ConfusionMatrix(this.#frame.classCount), frames: 0 };
      groups.set(name, group);
    }
    group.confusion.merge(this.#frame);
    group.frames++;
  }
}
