import type { Stamp } from '../messages/index.js';
import {
  type DroppedFrame,
  describeNotice,
  type FrameResult,
  type ModalityChange,
  type ModalityWarning,
  type ModelChange,
  type PipelineNotice,
  type PipelineSink,
} from '../pipeline/index.js';
import type { MaskFigures } from './figures.js';
import type { LoadedModel } from './loaded_model.js';
import { Overload } from './overload.js';

export interface LiveSinkOptions {
  model: LoadedModel;
  masks: MaskFigures;
  now: () => Stamp;
  onModalityChange: (change: ModalityChange) => void;
  onModelChange: (change: ModelChange) => void;
  onProblem: (text: string) => void;
  /** Told of something that lasts when it begins and when it ends. */
  onState: (text: string) => void;
  onNotice: (text: string) => void;
}

/** Where the masks of an active node go: onto its topics, and into its figures. */
export class LiveSink implements PipelineSink {
  readonly #options: LiveSinkOptions;
  readonly #overload: Overload;

  constructor(options: LiveSinkOptions) {
    this.#options = options;
    this.#overload = new Overload(options.onState);
  }

  async published(frame: FrameResult): Promise<void> {
    const { model, masks, now } = this.#options;
    await model.frames.publish(frame);
    const at = now();
    masks.published(frame, at);
    this.#overload.made(at);
    model.note(frame);
  }

  dropped(frame: DroppedFrame): void {
    const { kind, reason } = frame;
    const now = this.#options.now();
    this.#options.masks.dropped(frame, now);
    if (kind === 'overtaken') this.#overload.overtaken(now);
    else this.#options.onProblem(`No mask: ${reason}.`);
  }

  modalityChanged(change: ModalityChange): void {
    this.#options.onModalityChange(change);
  }

  modelChanged(change: ModelChange): void {
    this.#options.masks.modelInUse(change.model);
    this.#options.onModelChange(change);
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
