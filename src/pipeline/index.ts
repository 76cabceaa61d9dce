export { CloudLabeller, type LabelledCloud } from './cloud_labeller.js';
export {
  calibrationConfigSchema,
  DEFAULT_PIPELINE_CONFIG,
  essentialModalities,
  type PipelineConfig,
  pipelineConfigSchema,
  sensorConfigSchema,
  topicConfiguration,
} from './config.js';
export { createPipeline, type PipelineParts } from './create_pipeline.js';
export {
  type DiagnosticArray,
  type DiagnosticStatus,
  diagnosticArray,
  flag,
  type KeyValue,
  LEVEL,
  LEVEL_OF_STATE,
  type Level,
  type ModalityHealth,
  modalityDiagnostic,
  syncDiagnostic,
} from './diagnostics.js';
export { jpegImage, labelInfo, mono8Image, outputHeader } from './outputs.js';
export { type FrameSegmenter, Pipeline, type PipelineOptions } from './pipeline.js';
export type {
  DroppedFrame,
  FrameLatency,
  FrameResult,
  ModalityChange,
  ModalityWarning,
  PipelineSink,
  ProblemAbout,
} from './results.js';
export { describeContent, isDescribable, type TopicContent } from './topic_content.js';
export { COMPRESSED_SUFFIX } from './topic_names.js';
export type { TopicCandidate, TopicRole } from './topic_roles.js';
export { messageTypesFor, roleOf } from './topic_roles.js';
export { selectTopics, type TopicAssignment, type TopicConfiguration, type TopicSelection } from './topic_selection.js';
