import { type BagReader, type OpenBagOptions, openBag } from '../bags/index.js';
import { loadCalibration } from '../configuration/index.js';
import {
  type Bundle,
  describeAttempt,
  type FallbackStart,
  loadBundle,
  type ModelNeeds,
  modelNeeds,
  type ProviderRequest,
  Segmenter,
  type SegmenterOptions,
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
import { surveyTopics } from './survey_topics.js';

/** Where and how the model runs. */
type ModelPlace = Pick<
  SegmenterOptions,
  'fallback' | 'threads' | 'deviceId' | 'engineCache' | 'runTimeoutMs' | 'startTimeoutMs' | 'workerEntry' | 'keptImages'
>;

export interface ReplaySourceOptions extends ModelPlace, OpenBagOptions {
  bag: string;
  model: string;
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
 * Opens bag and model, and closes both once `use` is done with them.
 * @throws Error with one sentence when bag, bundle or configuration cannot be used, or nothing in the bag is an input
 */
export async function withReplaySource<Result>(
  options: ReplaySourceOptions,
  use: (source: ReplaySource) => Promise<Result>,
): Promise<Result> {
  const { bag: bagPath, model, config, maxExpandedBytes, fallbacks: folders = [], fallbackStart, ...place } = options;
  const bundle = await loadBundle(model);
  const others = await Promise.all(folders.map((folder) => loadBundle(folder)));
  const modalities = modalitiesOf([bundle, ...others]);
  const configured = await loadCalibration(config);
  const bag = await openBag(bagPath, maxExpandedBytes === undefined ? {} : { maxExpandedBytes });
  try {
    const selection = selectTopics(await surveyTopics(bag), modalities, topicConfiguration(config));
    requireInput(selection, bag.info);
    const incidents: string[] = [];
    const start = async (started: Bundle, whose: string): Promise<Segmenter> => {
      const segmenter = await Segmenter.create(started, {
        ...place,
        onEvent: (event) => {
          if (event.kind === 'exited')
            incidents.push(`${whose}The inference worker ended and was restarted: ${event.reason}`);
          if (event.kind === 'thread-stuck') incidents.push(`${whose}Inference: ${event.reason}`);
          if (event.kind === 'provider-left') incidents.push(`${whose}${event.provider} was given up: ${event.reason}`);
        },
      });
      const { requested, attempts } = segmenter.selection;
      // Without a GPU `auto` ends on the CPU, as it should; what was asked for by name and is not there is news.
      if (requested !== 'auto')
        incidents.push(...attempts.slice(0, -1).map((one) => `${whose}${describeAttempt(one)}`));
      return segmenter;
    };
    const segmenter = await start(bundle, '');
    const fallbacks = standBy(others, (other) => start(other, `${other.name}: `));
    try {
      if (fallbackStart !== 'lazy') await startAll(fallbacks);
      return await use({ bag, bundle, fallbacks, config, configured, selection, segmenter, incidents });
    } finally {
      await Promise.all([segmenter.close(), ...fallbacks.map((fallback) => fallback.segmenter.close())]);
    }
  } finally {
    await bag.close();
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
