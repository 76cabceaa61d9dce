import { faultBinding } from '../../../src/dropout/index.js';
import { RunRecording } from '../../../src/dropout/run_record.js';
import type { RawMessage, Stamp } from '../../../src/messages/index.js';
import type { DroppedFrame, FrameResult, ProblemAbout } from '../../../src/pipeline/index.js';
import { type ReplaySource, sensorsOf } from '../../../src/replay/index.js';

/** The record of a run that also counts what gave no mask, and sees to it that stamps rise. */
export class StormRecording extends RunRecording {
  readonly violations: string[] = [];
  readonly #delivered = new Map<string, number>();
  readonly #modalityByTopic: ReadonlyMap<string, string>;
  #lost = 0;
  #last: Stamp | undefined;

  constructor(source: ReplaySource) {
    const modalityByTopic = new Map([...faultBinding(source)].map(([name, { topic }]) => [topic, name]));
    const modalities = sensorsOf(source).map(({ name }) => name);
    super({ modalityByTopic, modalities, essential: new Set(), groundTruth: 'ignored' });
    this.#modalityByTopic = modalityByTopic;
  }

  /** Sets without a mask. */
  get lost(): number {
    return this.#lost;
  }

  /** Messages of a modality that the pipeline was given. */
  delivered(modality: string): number {
    return this.#delivered.get(modality) ?? 0;
  }

  override received(raw: RawMessage): void {
    super.received(raw);
    const modality = this.#modalityByTopic.get(raw.topic);
    if (modality !== undefined) this.#delivered.set(modality, this.delivered(modality) + 1);
  }

  override async published(frame: FrameResult): Promise<void> {
    this.#follow(frame.segmentation.stamp);
    await super.published(frame);
  }

  override dropped(frame?: DroppedFrame): void {
    this.#lost++;
    if (frame !== undefined) this.#follow(frame.stamp);
  }

  override problem(text: string, at: Stamp, about?: ProblemAbout): void {
    // The time line starts anew: stamps may go back here.
    if (about?.code === 'time-line') this.#last = undefined;
    super.problem(text, at, about);
  }

  #follow(stamp: Stamp): void {
    if (this.#last !== undefined && stamp <= this.#last) this.violations.push(`${stamp} came after ${this.#last}`);
    this.#last = stamp;
  }
}
