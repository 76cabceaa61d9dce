export { type LatencyFigures, LatencyMeter } from './latency_meter.js';
export type { InferenceReport, LifeReport, MaskOrigin, MaskReport, NodeReport, TopicReport } from './report.js';
export { type Jitter, type TopicFigures, TopicMeter } from './topic_meter.js';
