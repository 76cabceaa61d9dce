import type { RawMessage } from '../../../src/messages/index.js';
import { createPipeline, DEFAULT_PIPELINE_CONFIG, type Pipeline, selectTopics } from '../../../src/pipeline/index.js';

type Parts = Omit<Parameters<typeof createPipeline>[0], 'selection' | 'config'>;

/**
 * A pipeline with the default configuration for the topics of recorded messages.
 * @param modalities - the topic of each modality
 */
export function recordedPipeline(
  messages: readonly RawMessage[],
  modalities: Readonly<Record<string, string>>,
  parts: Parts,
): Pipeline {
  const types = new Map(messages.map(({ topic, type }) => [topic, type]));
  const topics = [...types].map(([name, type]) => ({ name, type, messageCount: 1 }));
  const selection = selectTopics(topics, parts.bundle.modalities, { modalities });
  return createPipeline({ ...parts, selection, config: DEFAULT_PIPELINE_CONFIG });
}
