/** Steps of the cosine; a level is about thirty of them wide. */
const STEPS = 8192;
/** Much more than the error with which a step is found. */
const MARGIN = 1e-9;
const SEVERAL = -1;

/**
 * Levels of an angle by its cosine, the same as those computed one by one. Most steps of the cosine have one level, which is
 * looked up; where a level begins in the midst of a step, it is computed.
 */
export class AngleLevels {
  readonly #levelOf: (angle: number) => number;
  #levels: Int16Array | undefined;

  /** @param levelOf - of an angle in radians, never falling */
  constructor(levelOf: (angle: number) => number) {
    this.#levelOf = levelOf;
  }

  /** Made when the first is asked for: it takes some milliseconds. */
  #table(): Int16Array {
    const exact = (cosine: number) => this.#levelOf(Math.acos(Math.min(1, Math.max(-1, cosine))));
    return Int16Array.from({ length: STEPS + 1 }, (_, step) => {
      const first = exact((2 * step) / STEPS - 1 - MARGIN);
      const last = exact((2 * (step + 1)) / STEPS - 1 + MARGIN);
      return first === last ? first : SEVERAL;
    });
  }

  /** @param cosine - within -1..1 */
  at(cosine: number): number {
    this.#levels ??= this.#table();
    const level = this.#levels[((cosine + 1) * (STEPS / 2)) | 0]!;
    return level === SEVERAL ? this.#levelOf(Math.acos(cosine)) : level;
  }
}
