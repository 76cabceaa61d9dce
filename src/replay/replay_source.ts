import { type BagReader, type OpenBagOptions, openBag } from '../bags/index.js';
import { loadCalibration } from '../configuration/load_calibration.js';
import {
  type Bundle,
  type FallbackStart,
  loadBundle,
  type ModelNeeds,
  modelNeeds,
  type ProviderRequest,
  type Segmenter,
  type StandbyModel,
  standBy,
  startAll,
} from '../model/index.js';
import {
  modalitiesOf,
  type PipelineConfig,
  selectTopics,
  type TopicSelection,
  topicConfiguration,
} from '../pipeline/index.js';
import type { ConfiguredCalibration } from '../sensors/index.js';
import { requireInput } from './replay_topics.js';
import { type ModelPlace, type StartedModel, startModel, startWorker, whenStarted } from './start_model.js';
import { surveyTopics } from './survey_topics.js';

export interface ReplaySourceOptions extends ModelPlace, OpenBagOptions {
  bag: string;
  model: string;
  /** The model where it is being started already, as these options say; it is closed with the source. */
  started?: StartedModel;
  config: PipelineConfig;
  provider: ProviderRequest;
  /** Folders of models that make the mask where those before have not what they need, best first. */
  fallbacks?: readonly string[];
  /** Default `warm`: their workers are started with the first one's. `lazy`: when the first set is for them. */
  fallbackStart?: FallbackStart;
}

/** A bag and a model that are ready to run: opened once, run as often as wanted. */
export interface ReplaySource {
  bag: BagReader;
  bundle: Bundle;
  /** Models that make the mask where the ones before have not what they need. */
  fallbacks: readonly StandbyModel[];
  config: PipelineConfig;
  /** What each modality is read from. */
  selection: TopicSelection;
  segmenter: Segmenter;
  /** Calibration that the configuration gives. */
  configured: ConfiguredCalibration;
  /** What happened to the segmenter, one sentence each; grows. */
  incidents: readonly string[];
}

/**
 * Opens bag and model side by side, and closes both once `use` is done with them.
 * @throws Error with one sentence when bag, bundle or configuration cannot be used, or nothing in the bag is an input
 */
export async function withReplaySource<Result>(
  options: ReplaySourceOptions,
  use: (source: ReplaySource) => Promise<Result>,
): Promise<Result> {
  const { bag, model, started, config, maxExpandedBytes, fallbacks: folders = [], fallbackStart, ...place } = options;
  const { bundle, segmenter, incidents } = started ?? (await startModel(model, place));
  try {
    const others = await Promise.all(folders.map((folder) => loadBundle(folder)));
    const modalities = modalitiesOf([bundle, ...others]);
    const configured = await loadCalibration(config);
    const bagReader = await openBag(bag, maxExpandedBytes === undefined ? {} : { maxExpandedBytes });
    try {
      const selection = selectTopics(await surveyTopics(bagReader), modalities, topicConfiguration(config));
      requireInput(selection, bagReader.info);
      await whenStarted(segmenter, incidents);
      const fallbacks = standBy(others, (other) => {
        const whose = `${other.name}: `;
        return whenStarted(startWorker(other, place, incidents, whose), incidents, whose);
      });
      try {
        if (fallbackStart !== 'lazy') await startAll(fallbacks);
        return await use({ bag: bagReader, bundle, fallbacks, config, configured, selection, segmenter, incidents });
      } finally {
        await Promise.all(fallbacks.map((fallback) => fallback.segmenter.close()));
      }
    } finally {
      await bagReader.close();
    }
  } finally {
    await segmenter.close();
  }
}

/** A model with those that stand by for it. */
export type ModelsOfSource = Pick<ReplaySource, 'bundle'> & { fallbacks?: readonly Pick<StandbyModel, 'bundle'>[] };

/** The sensors of all models, the first one's first. */
export function sensorsOf({ bundle, fallbacks = [] }: ModelsOfSource): Bundle['modalities'] {
  return modalitiesOf([bundle, ...fallbacks.map((fallback) => fallback.bundle)]);
}

/** What each model takes and needs, best first. */
export function needsOf({ bundle, fallbacks = [] }: ModelsOfSource): ModelNeeds[] {
  return [bundle, ...fallbacks.map((fallback) => fallback.bundle)].map(modelNeeds);
}
