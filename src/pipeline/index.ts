export { CloudLabeller, type LabelledCloud } from './cloud_labeller.js';
export {
  calibrationConfigSchema,
  configFor,
  DEFAULT_PIPELINE_CONFIG,
  essentialModalities,
  type PipelineConfig,
  pipelineConfigSchema,
  sensorConfigSchema,
  topicConfiguration,
} from './config.js';
export { createPipeline, modalitiesOf, type PipelineParts, type RunningModel } from './create_pipeline.js';
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
  modelDiagnostic,
  syncDiagnostic,
} from './diagnostics.js';
export { maskInfo, meanConfidence } from './mask_info.js';
export { jpegImage, labelInfo, mono8Image, outputHeader, pngImage } from './outputs.js';
export { Pipeline } from './pipeline.js';
export type { PipelineOptions } from './pipeline_options.js';
export {
  type DroppedFrame,
  describeNotice,
  type FrameLatency,
  type FrameResult,
  type FrameSegmenter,
  type ModalityChange,
  type ModalityWarning,
  type ModelChange,
  type ModelUse,
  type PipelineNotice,
  type PipelineSink,
  type ProblemAbout,
} from './results.js';
export { describeContent, isDescribable, type TopicContent } from './topic_content.js';
export { COMPRESSED_SUFFIX } from './topic_names.js';
export type { TopicCandidate, TopicRole } from './topic_roles.js';
export { messageTypesFor, roleOf } from './topic_roles.js';
export { selectTopics, type TopicAssignment, type TopicConfiguration, type TopicSelection } from './topic_selection.js';
