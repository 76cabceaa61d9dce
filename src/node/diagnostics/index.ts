export { type LatencyFigures, LatencyMeter } from './latency_meter.js';
export {
  type ModalityStatusArrayMessage,
  type ModalityStatusMessage,
  modalityStatusArray,
} from './modality_status.js';
export { nodeDiagnostics } from './node_diagnostics.js';
export type { InferenceReport, LifeReport, MaskOrigin, MaskReport, NodeReport, TopicReport } from './report.js';
export { type Jitter, type TopicFigures, TopicMeter } from './topic_meter.js';
