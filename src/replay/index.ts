export { DriveConditions } from './drive_conditions.js';
export { type MeasuredSource, type ModelUnderTest, withEachModel } from './each_model.js';
export { GroundTruthBuffer, type GroundTruthOutcome, readGroundTruth } from './ground_truth.js';
export { imagesOnly } from './images_only.js';
export { lateMounts } from './late_mounts.js';
export { MASK_TOPICS, MaskBag, TRUTH_TOPIC } from './mask_bag.js';
export { NothingMadeError } from './nothing_made.js';
export {
  type ReplayOptions,
  type ReplayOutputs,
  type ReplayProgress,
  replayBag,
} from './replay_bag.js';
export {
  type ModelsOfSource,
  needsOf,
  type ReplaySource,
  type ReplaySourceOptions,
  sensorsOf,
  withReplaySource,
} from './replay_source.js';
export { CONDITION_TOPIC, isSimulated } from './replay_topics.js';
export {
  type MessageTransform,
  type PipelineRun,
  type RunListener,
  type RunOptions,
  type RunSource,
  runPipeline,
} from './run_pipeline.js';
export { SensorFaults } from './sensor_faults.js';
export { besideModelStart, type StartedModel } from './start_model.js';
export { surveyTopics } from './survey_topics.js';
export { type TruthClasses, truthClasses } from './truth_classes.js';
