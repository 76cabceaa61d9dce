/** Steps from where the cosine is 0 to where it is 1; a level is about thirty of them wide. */
const STEPS = 4096;
/** Entries of {@link AngleLevels.table}. */
export const TABLE_LENGTH = 2 * (STEPS + 1);
/** Much more than the error with which a step is found. */
const MARGIN = 1e-9;
const SEVERAL = -1;

/**
 * Levels of an angle by its cosine, the same as those computed one by one. Steps are even in the root of the cosine's
 * distance to 1 or -1, and so nearly even in the angle. Most of them have one level, which is looked up; where a level
 * begins in the midst of a step, it is computed.
 */
export class AngleLevels {
  /** Of an angle in radians. */
  readonly levelOf: (angle: number) => number;
  #table: Int16Array | undefined;

  /** @param levelOf - of an angle in radians, never falling */
  constructor(levelOf: (angle: number) => number) {
    this.levelOf = levelOf;
  }

  /**
   * Levels of the steps from cosine 1 to 0, then of those from -1 to 0; negative where a step has several. Made when it is
   * first asked for: it takes some milliseconds.
   */
  get table(): Int16Array {
    this.#table ??= Int16Array.from({ length: TABLE_LENGTH }, (_, index) => {
      const step = index % (STEPS + 1);
      const sign = index > STEPS ? -1 : 1;
      const levelAt = (share: number, margin: number) => {
        const cosine = 1 - (share / STEPS) ** 2 + margin;
        return this.levelOf(Math.acos(sign * Math.min(1, Math.max(-1, cosine))));
      };
      const first = levelAt(step, MARGIN);
      return first === levelAt(step + 1, -MARGIN) ? first : SEVERAL;
    });
    return this.#table;
  }

  /** @param cosine - within -1..1 */
  at(cosine: number): number {
    const step = Math.floor(STEPS * Math.sqrt(1 - Math.abs(cosine)));
    const level = this.table[cosine < 0 ? STEPS + 1 + step : step]!;
    return level === SEVERAL ? this.levelOf(Math.acos(cosine)) : level;
  }
}
