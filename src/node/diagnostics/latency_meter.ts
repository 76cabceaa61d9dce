import { percentiles } from '../../report/percentiles.js';

/** Durations of the last while, in milliseconds. */
export interface LatencyFigures {
  meanMs: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** Durations remembered: ten seconds at 30 Hz. */
const CAPACITY = 300;

/** Measures how long something takes, over its last times. */
export class LatencyMeter {
  readonly #durationsMs = new Float64Array(CAPACITY);
  #count = 0;

  note(durationMs: number): void {
    this.#durationsMs[this.#count % CAPACITY] = durationMs;
    this.#count++;
  }

  /** Undefined before the first. */
  figures(): LatencyFigures | undefined {
    if (this.#count === 0) return undefined;
    const sample = this.#durationsMs.subarray(0, Math.min(this.#count, CAPACITY));
    const { p50, p95, p99 } = percentiles(sample);
    const meanMs = sample.reduce((sum, duration) => sum + duration, 0) / sample.length;
    return { meanMs, p50Ms: p50, p95Ms: p95, p99Ms: p99, maxMs: Math.max(...sample) };
  }

  clear(): void {
    this.#count = 0;
  }
}
