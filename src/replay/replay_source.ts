import { type BagReader, type OpenBagOptions, openBag } from '../bags/index.js';
import { loadCalibration } from '../configuration/index.js';
import {
  type Bundle,
  describeAttempt,
  loadBundle,
  type ProviderRequest,
  Segmenter,
  type SegmenterOptions,
} from '../model/index.js';
import { type PipelineConfig, selectTopics, type TopicSelection, topicConfiguration } from '../pipeline/index.js';
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
}

/** A bag and a model that are ready to run: opened once, run as often as wanted. */
export interface ReplaySource {
  bag: BagReader;
  bundle: Bundle;
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
  const { bag: bagPath, model, config, maxExpandedBytes, ...place } = options;
  const bundle = await loadBundle(model);
  const configured = await loadCalibration(config);
  const bag = await openBag(bagPath, maxExpandedBytes === undefined ? {} : { maxExpandedBytes });
  try {
    const selection = selectTopics(await surveyTopics(bag), bundle.modalities, topicConfiguration(config));
    requireInput(selection, bag.info);
    const incidents: string[] = [];
    const segmenter = await Segmenter.create(bundle, {
      ...place,
      onEvent: (event) => {
        if (event.kind === 'exited') incidents.push(`The inference worker ended and was restarted: ${event.reason}`);
        if (event.kind === 'thread-stuck') incidents.push(`Inference: ${event.reason}`);
        if (event.kind === 'provider-left') incidents.push(`${event.provider} was given up: ${event.reason}`);
      },
    });
    const { requested, attempts } = segmenter.selection;
    // Without a GPU `auto` ends on the CPU, as it should; what was asked for by name and is not there is news.
    if (requested !== 'auto') incidents.push(...attempts.slice(0, -1).map(describeAttempt));
    try {
      return await use({ bag, bundle, config, configured, selection, segmenter, incidents });
    } finally {
      await segmenter.close();
    }
  } finally {
    await bag.close();
  }
}
