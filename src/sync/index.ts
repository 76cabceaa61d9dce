export { type SyncConfig, streamConfigSchema, synchronizerOptions, syncOptionsSchema } from './config.js';
export type { ContentVerdict } from './content.js';
export type { AbsentReason, FrameSet } from './frame_set.js';
export type { ModalityState } from './judge.js';
export {
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type MatchKind,
  type StreamOptions,
  type SynchronizerOptions,
  unknownModality,
} from './options.js';
export { adviseReason, describeReason, isSyncReason, type Reason, type SyncReason } from './reason.js';
export type {
  Match,
  ModalityStatus,
  Sample,
  StreamCounters,
  SyncEvent,
  SynchronizerStatus,
  SyncOutcome,
} from './sync_event.js';
export { Synchronizer } from './synchronizer.js';
