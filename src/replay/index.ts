export { GroundTruthBuffer, type GroundTruthOutcome, readGroundTruth } from './ground_truth.js';
export { MASK_TOPICS, MaskBag } from './mask_bag.js';
export {
  type ReplayOptions,
  type ReplayOutputs,
  type ReplayProgress,
  replayBag,
} from './replay_bag.js';
export { CONDITION_TOPIC } from './replay_topics.js';
export { surveyTopics } from './survey_topics.js';
