/** Decoding is begun so much earlier than it seems needed: a set that is ready late keeps the model waiting. */
const DECODING_MARGIN = 1.25;
const INFERENCE_MARGIN = 0.95;
/** The median of so many durations says how long the next will take. */
const REMEMBERED = 5;

/**
 * Says when the next set is to be decoded while the model is busy with the one before: so late that the newest set is
 * taken, and early enough to be ready when the model is free. It goes by how long the last ones took.
 */
export class Overlap {
  readonly #nowMs: () => number;
  #startedMs = 0;
  readonly #inferenceMs: number[] = [];
  readonly #decodeMs: number[] = [];
  #wake: () => void = () => undefined;

  /** @param nowMs - a monotonic clock */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** The model has begun with a set. */
  started(): void {
    this.#startedMs = this.#nowMs();
  }

  finished(): void {
    remember(this.#inferenceMs, this.#nowMs() - this.#startedMs);
  }

  decoded(milliseconds: number): void {
    remember(this.#decodeMs, milliseconds);
  }

  /** A set has come that may have to be decoded: whoever waits looks again. */
  setCame(): void {
    this.#wake();
  }

  /** Milliseconds until the model is done with its set; infinite where nothing is known yet. */
  untilFree(): number {
    const inferenceMs = median(this.#inferenceMs);
    if (inferenceMs === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, inferenceMs - (this.#nowMs() - this.#startedMs));
  }

  /**
   * Milliseconds until the next set is to be decoded; 0 for at once, infinite where nothing is known yet and the model
   * is waited for.
   */
  untilDecoding(): number {
    const inferenceMs = median(this.#inferenceMs);
    const decodeMs = median(this.#decodeMs);
    if (inferenceMs === undefined || decodeMs === undefined) return Number.POSITIVE_INFINITY;
    const dueMs = inferenceMs * INFERENCE_MARGIN - decodeMs * DECODING_MARGIN;
    return Math.max(0, dueMs - (this.#nowMs() - this.#startedMs));
  }

  /**
   * Waits for a mask, for that time, or for a set to come.
   * @returns `mask` once the mask is made
   */
  async wait(mask: Promise<unknown>, milliseconds: number): Promise<'mask' | 'time'> {
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<'time'>((resolve) => {
      this.#wake = () => resolve('time');
      if (Number.isFinite(milliseconds)) timer = setTimeout(resolve, milliseconds, 'time');
    });
    try {
      return await Promise.race([mask.then(() => 'mask' as const), time]);
    } finally {
      clearTimeout(timer);
      this.#wake = () => undefined;
    }
  }
}

function remember(durations: number[], milliseconds: number): void {
  durations.push(milliseconds);
  if (durations.length > REMEMBERED) durations.shift();
}

/** The lower one of the two in the middle; undefined of nothing. */
function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
}
