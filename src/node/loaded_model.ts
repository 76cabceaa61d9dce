import type { NodeSettings } from '../configuration/index.js';
import {
  type Bundle,
  type ModelNeeds,
  modelNeeds,
  Segmenter,
  type SegmenterEvent,
  type SegmenterOptions,
  type StandbyModel,
  standBy,
  startAll,
} from '../model/index.js';
import { type FrameResult, modalitiesOf, outputHeader } from '../pipeline/index.js';
import type { RosNode } from '../ros/index.js';
import type { InferenceReport } from './diagnostics/index.js';
import { InferenceFigures } from './figures.js';
import { FramePublisher, OutputPublishers } from './outputs/index.js';

export interface LoadedModelOptions {
  ros: RosNode;
  bundle: Bundle;
  /** Models that stand by for it, best first. */
  fallbacks: readonly Bundle[];
  settings: NodeSettings;
  /** @param fallback - name of the model whose worker it is about, where it is not the first one */
  onEvent: (event: SegmenterEvent, fallback?: string) => void;
  onProblem: (text: string) => void;
  /** Tests pass a worker that fails, and restarts without long pauses. */
  segmenter?: Pick<SegmenterOptions, 'workerEntry' | 'restart'>;
}

/** What a configured node has beyond an unconfigured one: the model on its provider, and the topics it publishes. */
export class LoadedModel {
  readonly bundle: Bundle;
  readonly segmenter: Segmenter;
  readonly fallbacks: readonly StandbyModel[];
  /** The sensors of all models. */
  readonly sensors: Bundle['modalities'];
  readonly publishers: OutputPublishers;
  readonly frames: FramePublisher;
  readonly #figures: ReadonlyMap<Bundle, InferenceFigures>;
  #alwaysOn: boolean;

  private constructor(
    segmenter: Segmenter,
    fallbacks: readonly StandbyModel[],
    figures: ReadonlyMap<Bundle, InferenceFigures>,
    options: LoadedModelOptions,
  ) {
    const { ros, bundle, settings, onProblem } = options;
    this.bundle = bundle;
    this.fallbacks = fallbacks;
    this.sensors = modalitiesOf([bundle, ...options.fallbacks]);
    this.segmenter = segmenter;
    this.#figures = figures;
    this.#alwaysOn = settings.alwaysOn;
    this.publishers = new OutputPublishers(ros, settings.outputs, onProblem);
    const shown = { ...bundle, modalities: this.sensors };
    this.frames = new FramePublisher(this.publishers, shown, settings.outputs, ros.fullName.slice(1), onProblem);
    this.frames.labelInfo(outputHeader(ros.now(), ''));
  }

  /**
   * Starts the workers and waits until a provider has reproduced each bundle's golden labels.
   * @throws SegmenterError with what became of each provider
   */
  static async load(options: LoadedModelOptions): Promise<LoadedModel> {
    const { ros, bundle, settings, onEvent } = options;
    const { provider, fallback, deviceId, engineCache, threads, runTimeoutMs, startTimeoutMs } = settings.model;
    const figures = new Map([bundle, ...options.fallbacks].map((model) => [model, new InferenceFigures()]));
    const start = (model: Bundle) =>
      Segmenter.create(model, {
        provider,
        fallback,
        deviceId,
        runTimeoutMs,
        startTimeoutMs,
        ...(threads !== undefined && { threads }),
        ...(engineCache !== undefined && { engineCache }),
        ...options.segmenter,
        onEvent: (event) => {
          figures.get(model)!.observe(event, ros.now());
          onEvent(event, model === bundle ? undefined : model.name);
        },
      });
    const segmenter = await start(bundle);
    const fallbacks = standBy(options.fallbacks, start);
    try {
      if (settings.model.fallbackStart === 'warm') await startAll(fallbacks);
    } catch (error) {
      await Promise.all([segmenter.close(), ...fallbacks.map((standby) => standby.segmenter.close())]);
      throw error;
    }
    return new LoadedModel(segmenter, fallbacks, figures, options);
  }

  /** What each model takes and needs, best first. */
  get needs(): ModelNeeds[] {
    return [this.bundle, ...this.fallbacks.map(({ bundle }) => bundle)].map(modelNeeds);
  }

  /** Takes account of a frame that was published. */
  note(frame: FrameResult): void {
    for (const [bundle, figures] of this.#figures) if (bundle.sha256 === frame.model.sha256) figures.published(frame);
  }

  report(): InferenceReport {
    const { state, selection } = this.segmenter;
    return this.#figures.get(this.bundle)!.report({ model: this.bundle.name, state, selection });
  }

  /** The same of the models that stand by. */
  reportFallbacks(): InferenceReport[] {
    return this.fallbacks.map(({ bundle, segmenter: { state, started } }) =>
      this.#figures.get(bundle)!.report({ model: bundle.name, state, selection: started?.selection }),
    );
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

  /** Ends the workers and takes the topics off the graph. */
  async close(): Promise<void> {
    this.publishers.close();
    await Promise.all([this.segmenter.close(), ...this.fallbacks.map(({ segmenter }) => segmenter.close())]);
  }
}
