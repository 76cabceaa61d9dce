export { visitBagFrames } from './bag_frames.js';
export { type ComparedProtocol, type ComparedTable, compareProtocols } from './comparison.js';
export { allConditions } from './condition_counts.js';
export { NOISE_LEVELS, type NoiseLevel, noisy, randomlyZeroed, zeroFilled } from './corruptions.js';
export type { EvaluationFrame, FrameCount, FrameVisitor } from './evaluation_frame.js';
export { type Normalisation, normalisationIn, normalisationOf, zeroLevels } from './normalisation.js';
export { addProtocolCounts, type CountedFrames, type ProtocolCounts, type ScoredModel } from './protocol_counts.js';
export { protocolReport } from './protocol_report.js';
export { PUBLISHED_SCORES, type PublishedScores, publishedFor } from './published.js';
export {
  countProtocols,
  imagesWorthKeeping,
  MISSING_CHANCES,
  PROTOCOLS,
  type Protocol,
  type ProtocolOptions,
  type ProtocolOutcome,
  type ProtocolReport,
  type ProtocolScore,
  runProtocol,
  type SubsetTable,
  scoredModel,
  ZERO_RATES,
} from './run_protocol.js';
export { averageScore, expectedScore, nonEmptySubsets, type SubsetScore } from './subsets.js';
