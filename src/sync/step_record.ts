import { RunningMedian } from './running_median.js';
import type { HeldSample } from './sample_buffer.js';

/** Sets and samples in a row without a match that put a stream out of step. */
const OUT_OF_STEP_AFTER = 5;
/** Samples whose delay is remembered. */
const DELAYS = 15;

/** Follows whether the stamps of a stream lie near those of the reference, in time to be of use. */
export class StepRecord {
  #tolerance: number;
  /** Time from stamp to arrival of samples that were in step. */
  readonly #delays = new RunningMedian(DELAYS);
  #samples = 0;
  #sets = 0;
  #missedBy: number | undefined;

  /** @param delayTolerance - change of the time from stamp to arrival that is a jump of a clock */
  constructor(delayTolerance: number) {
    this.#tolerance = delayTolerance;
  }

  /** Puts another tolerance in force. */
  retune(delayTolerance: number): void {
    this.#tolerance = delayTolerance;
  }

  /** A sample with a new stamp came. */
  sampleCame(): void {
    this.#samples++;
  }

  /** A set was closed for which the stream was not the reference. */
  setClosed(): void {
    this.#sets++;
  }

  /** A sample would have served a set, had it not come too late by this much. */
  missed(by: number): void {
    this.#missedBy = by;
  }

  /** Learns the usual delay from a sample that is in step. */
  learnDelay(sample: HeldSample<unknown>): void {
    this.#delays.push(delayOf(sample));
  }

  /**
   * Whether a sample took as long from stamp to arrival as those before its clock jumped. Stamps that jumped ahead lie
   * near a reference too, once time has caught up with them; they must not count as mended for that.
   */
  isPunctual(sample: HeldSample<unknown>): boolean {
    const usual = this.#delays.median;
    return usual === undefined || Math.abs(delayOf(sample) - usual) <= this.#tolerance;
  }

  /** Whether sets have come and gone without any sample that could have served them. */
  get isUnmatched(): boolean {
    return this.#sets >= OUT_OF_STEP_AFTER;
  }

  /** Whether that is the fault of its stamps: samples came as well, so it is not just slower than the reference. */
  get isOutOfStep(): boolean {
    return this.isUnmatched && this.#samples >= OUT_OF_STEP_AFTER;
  }

  /** By how much its last sample came too late, `undefined` where it was in time. */
  get missedBy(): number | undefined {
    return this.#missedBy;
  }

  /** Counts anew. */
  restart(): void {
    this.#samples = 0;
    this.#sets = 0;
    this.#missedBy = undefined;
  }

  /** Forgets the usual delay too, because the clock is another one now. */
  forget(): void {
    this.restart();
    this.#delays.clear();
  }
}

function delayOf({ stamp, received }: HeldSample<unknown>): number {
  return received - stamp;
}
