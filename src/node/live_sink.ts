import type { Stamp } from '../messages/index.js';
import {
  type DroppedFrame,
  describeNotice,
  type FrameResult,
  type ModalityChange,
  type ModalityWarning,
  type PipelineNotice,
  type PipelineSink,
} from '../pipeline/index.js';
import type { MaskFigures } from './figures.js';
import type { LoadedModel } from './loaded_model.js';

export interface LiveSinkOptions {
  model: LoadedModel;
  masks: MaskFigures;
  now: () => Stamp;
  onModalityChange: (change: ModalityChange) => void;
  onProblem: (text: string) => void;
  onNotice: (text: string) => void;
}

/** Where the masks of an active node go: onto its topics, and into its figures. */
export class LiveSink implements PipelineSink {
  readonly #options: LiveSinkOptions;

  constructor(options: LiveSinkOptions) {
    this.#options = options;
  }

  async published(frame: FrameResult): Promise<void> {
    const { model, masks, now } = this.#options;
    await model.frames.publish(frame);
    masks.published(frame, now());
    model.note(frame);
  }

  dropped({ reason }: DroppedFrame): void {
    this.#options.masks.dropped(reason, this.#options.now());
    this.#options.onProblem(`No mask: ${reason}.`);
  }

  modalityChanged(change: ModalityChange): void {
    this.#options.onModalityChange(change);
  }

  warned({ modality, reason }: ModalityWarning): void {
    this.#options.onProblem(`${modality}: ${reason ?? 'what was to be watched is over'}`);
  }

  problem(text: string): void {
    this.#options.onProblem(text);
  }

  notice(notice: PipelineNotice): void {
    this.#options.onNotice(describeNotice(notice));
  }
}
