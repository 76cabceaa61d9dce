import type { NodeSettings } from '../configuration/index.js';
import { type Bundle, Segmenter, type SegmenterEvent, type SegmenterOptions } from '../model/index.js';
import { type FrameResult, outputHeader } from '../pipeline/index.js';
import type { RosNode } from '../ros/index.js';
import type { InferenceReport } from './diagnostics/index.js';
import { InferenceFigures } from './figures.js';
import { FramePublisher, OutputPublishers } from './outputs/index.js';

export interface LoadedModelOptions {
  ros: RosNode;
  bundle: Bundle;
  settings: NodeSettings;
  onEvent: (event: SegmenterEvent) => void;
  onProblem: (text: string) => void;
  /** Tests pass a worker that fails, and restarts without long pauses. */
  segmenter?: Pick<SegmenterOptions, 'workerEntry' | 'restart'>;
}

/** What a configured node has beyond an unconfigured one: the model on its provider, and the topics it publishes. */
export class LoadedModel {
  readonly bundle: Bundle;
  readonly segmenter: Segmenter;
  readonly publishers: OutputPublishers;
  readonly frames: FramePublisher;
  readonly #figures: InferenceFigures;
  #alwaysOn: boolean;

  private constructor(segmenter: Segmenter, figures: InferenceFigures, options: LoadedModelOptions) {
    const { ros, bundle, settings, onProblem } = options;
    this.bundle = bundle;
    this.segmenter = segmenter;
    this.#figures = figures;
    this.#alwaysOn = settings.alwaysOn;
    this.publishers = new OutputPublishers(ros, settings.outputs, onProblem);
    this.frames = new FramePublisher(this.publishers, bundle, settings.outputs, ros.fullName.slice(1), onProblem);
    this.frames.labelInfo(outputHeader(ros.now(), ''));
  }

  /**
   * Starts the worker and waits until a provider has reproduced the bundle's golden labels.
   * @throws SegmenterError with what became of each provider
   */
  static async load(options: LoadedModelOptions): Promise<LoadedModel> {
    const { ros, bundle, settings, onEvent } = options;
    const { provider, fallback, deviceId, engineCache, threads, runTimeoutMs, startTimeoutMs } = settings.model;
    const figures = new InferenceFigures();
    const segmenter = await Segmenter.create(bundle, {
      provider,
      fallback,
      deviceId,
      runTimeoutMs,
      startTimeoutMs,
      ...(threads !== undefined && { threads }),
      ...(engineCache !== undefined && { engineCache }),
      ...options.segmenter,
      onEvent: (event) => {
        figures.observe(event, ros.now());
        onEvent(event);
      },
    });
    return new LoadedModel(segmenter, figures, options);
  }

  /** Takes account of a frame that was published. */
  note(frame: FrameResult): void {
    this.#figures.published(frame);
  }

  report(): InferenceReport {
    return this.#figures.report(this.segmenter);
  }

  /** Whether a mask would reach anybody, or is to be made all the same. */
  isMaskWanted(): boolean {
    return this.#alwaysOn || this.publishers.isMaskWanted();
  }

  /** Applies settings that take effect at once. */
  retune({ outputs, alwaysOn }: NodeSettings): void {
    this.#alwaysOn = alwaysOn;
    this.publishers.retune(outputs);
    this.frames.retune(outputs);
  }

  /** Ends the worker and takes the topics off the graph. */
  async close(): Promise<void> {
    this.publishers.close();
    await this.segmenter.close();
  }
}
