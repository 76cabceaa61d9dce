/** Ground-truth pixels with this id are not scored, in every data set this project reads. */
export const IGNORE_LABEL = 255;

const LABEL_COUNT = 256;

/**
 * Pixel counts of ground truth against prediction, exact up to 2^53 pixels (a float32 matrix, as some published
 * evaluators use, loses counts above 2^24).
 *
 * Predictions that are no class (such as an `unlabeled` pixel of a mask) count against their ground-truth class
 * as missed, as in the Cityscapes evaluator.
 */
export class ConfusionMatrix {
  readonly classCount: number;
  /** Row-major `[truth][prediction]`, with one more column for predictions that are no class. */
  readonly #counts: Float64Array;
  /** Joint histogram of one image; reused, so that adding an image needs no branch per pixel. A sum of others needs none. */
  #joint: Uint32Array | undefined;

  constructor(classCount: number) {
    if (!Number.isInteger(classCount) || classCount < 1 || classCount > IGNORE_LABEL) {
      throw new RangeError(`Expected an integer from 1 to ${IGNORE_LABEL} for classCount but received ${classCount}`);
    }
    this.classCount = classCount;
    this.#counts = new Float64Array(classCount * (classCount + 1));
  }

  /**
   * Adds one image.
   * @param labels - predicted class ids
   * @param groundTruth - class ids on the same grid; {@link IGNORE_LABEL} is left out
   * @throws RangeError when the sizes differ or the ground truth holds an id that is no class; nothing is added then
   */
  add(labels: Uint8Array, groundTruth: Uint8Array): void {
    if (labels.length !== groundTruth.length) {
      throw new RangeError(
        `Expected as many labels as ground-truth pixels (${groundTruth.length}) but received ${labels.length}: ` +
          'bring the labels to the size of the ground truth with resizeLabelsNearest first',
      );
    }
    this.#joint ??= new Uint32Array(LABEL_COUNT * LABEL_COUNT);
    const joint = this.#joint.fill(0);
    for (let i = 0; i < labels.length; i++) {
      joint[(groundTruth[i]! << 8) | labels[i]!]!++;
    }
    for (let truth = this.classCount; truth < IGNORE_LABEL; truth++) {
      if (joint.subarray(truth << 8, (truth + 1) << 8).some((count) => count > 0)) {
        throw new RangeError(
          `Expected class ids below ${this.classCount} or ${IGNORE_LABEL} for the ground truth but received ${truth}: ` +
            'check that the labels belong to the classes of this model bundle',
        );
      }
    }
    const columns = this.classCount + 1;
    for (let truth = 0; truth < this.classCount; truth++) {
      for (let label = 0; label < LABEL_COUNT; label++) {
        this.#counts[truth * columns + Math.min(label, this.classCount)]! += joint[(truth << 8) | label]!;
      }
    }
  }

  /** Adds the counts of another matrix over the same classes. */
  merge(other: ConfusionMatrix): void {
    if (other.classCount !== this.classCount) {
      throw new RangeError(`Expected ${this.classCount} classes for other but received ${other.classCount}`);
    }
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i]! += other.#counts[i]!;
  }

  /**
   * All counts that are not 0, as `truth, prediction, pixels` after each other by rising truth and prediction; a
   * prediction of `classCount` is no class.
   */
  toTriplets(): number[] {
    const columns = this.classCount + 1;
    const triplets: number[] = [];
    this.#counts.forEach((count, i) => {
      if (count > 0) triplets.push(Math.floor(i / columns), i % columns, count);
    });
    return triplets;
  }

  /**
   * Adds what {@link toTriplets} gave.
   * @throws RangeError where they are none of this many classes; nothing is added then
   */
  addTriplets(triplets: readonly number[]): void {
    const columns = this.classCount + 1;
    const isClass = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value < most;
    for (let i = 0; i < triplets.length; i += 3) {
      const [truth, prediction, pixels] = [triplets[i]!, triplets[i + 1]!, triplets[i + 2]!];
      if (isClass(truth, this.classCount) && isClass(prediction, columns) && isClass(pixels, Number.MAX_SAFE_INTEGER))
        continue;
      throw new RangeError(
        `Expected truth, prediction and pixels of ${this.classCount} classes for counts but received ` +
          `${truth}, ${prediction}, ${pixels}`,
      );
    }
    for (let i = 0; i < triplets.length; i += 3) {
      this.#counts[triplets[i]! * columns + triplets[i + 1]!]! += triplets[i + 2]!;
    }
  }

  /** Forgets all counts, so that one matrix serves image after image. */
  clear(): void {
    this.#counts.fill(0);
  }

  /** Pixels of class `truth` that were predicted as `prediction`. */
  count(truth: number, prediction: number): number {
    return this.#at(truth, prediction);
  }

  /** Pixels of class `truth` whose prediction is no class. */
  unclassified(truth: number): number {
    return this.#at(truth, this.classCount);
  }

  /** Ground-truth pixels of a class. */
  truthTotal(truth: number): number {
    let sum = 0;
    for (let column = 0; column <= this.classCount; column++) sum += this.#at(truth, column);
    return sum;
  }

  /** Pixels predicted as a class, where the ground truth is not ignored. */
  predictionTotal(prediction: number): number {
    let sum = 0;
    for (let truth = 0; truth < this.classCount; truth++) sum += this.#at(truth, prediction);
    return sum;
  }

  #at(truth: number, column: number): number {
    const value = this.#counts[truth * (this.classCount + 1) + column];
    if (value === undefined) throw new RangeError(`Expected a class below ${this.classCount} but received ${truth}`);
    return value;
  }
}
