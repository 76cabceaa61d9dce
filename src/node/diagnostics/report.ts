import type { Stamp } from '../../messages/index.js';
import type { HostState, ModelNeeds, ProviderSelection } from '../../model/index.js';
import type { ModelUse } from '../../pipeline/index.js';
import type { SensorReason } from '../../sensors/index.js';
import type { AbsentReason, SynchronizerStatus } from '../../sync/index.js';
import type { LatencyFigures } from './latency_meter.js';
import type { TopicFigures } from './topic_meter.js';

/** Everything the node knows about itself at one moment; diagnostics and `~/modality_status` are made from it. */
export interface NodeReport {
  /** By the node's clock. */
  stamp: Stamp;
  /** Full name without the leading slash: `mle_sam`, `robot1/mle_sam`. */
  nodeName: string;
  life: LifeReport;
  /** Undefined unless active. */
  sync: SynchronizerStatus | undefined;
  /** The sensors of all models, in the first one's order; empty while no model is loaded. */
  modalities: readonly { name: string; essential: boolean; expected: boolean }[];
  /** What is odd about sensors that are alive, by modality, in words. */
  concerns: ReadonlyMap<string, string>;
  /** Since when topics are read; 0 while they are not. */
  runningForMs: number;
  /** `idle`: nobody listens to masks, so none are made. */
  demand: 'wanted' | 'idle';
  /** For how long no sensor has been listened to, in milliseconds: all that is said of them is as of then. */
  restingForMs: number | undefined;
  /** What a mask must be made of at least; undefined where anything will do. */
  minimum: readonly (readonly string[])[] | undefined;
  /** By modality, what is wrong with its calibration although its images can be made. */
  calibration: ReadonlyMap<string, SensorReason>;
  /** Every topic that is read. */
  topics: readonly TopicReport[];
  masks: MaskReport;
  /** Undefined while no model is loaded. */
  inference: InferenceReport | undefined;
  /** Models that stand by, best first. */
  fallbacks: readonly InferenceReport[];
  /** What each model takes and needs, best first. */
  models: readonly ModelNeeds[];
  /** Delay of the main thread's event loop since the last report. */
  eventLoop: { p99Ms: number; maxMs: number } | undefined;
}

export interface LifeReport {
  state: 'unconfigured' | 'inactive' | 'active' | 'finalized' | 'in-transition';
  /** Why the last transition failed, in words; undefined after a successful one. */
  error: string | undefined;
}

/** How one topic fares. */
export interface TopicReport extends TopicFigures {
  purpose: 'sensor' | 'camera-info' | 'transforms' | 'odometry';
  /** Undefined for transforms and odometry. */
  modality: string | undefined;
  /** Full name. */
  topic: string;
  /** Undefined while nothing is subscribed. */
  type: string | undefined;
  /** Matched on the graph, those from which nothing can come included. */
  publishers: number;
  /** Names of their nodes. */
  publisherNodes: readonly string[];
  /** Messages the middleware says were lost: since the beginning, and over the last seconds; 0 where it does not say. */
  lost: number;
  lostLately: number;
  /** One entry for each publisher from which nothing can come: which, and why. */
  conflicts: readonly string[];
  /** What is wrong with the subscription, in words: a package that is missing, a type that does not fit. */
  problem: string | undefined;
}

export interface MaskReport {
  /** Since activation. */
  published: number;
  /** Since activation: reference frames without a mask. */
  dropped: number;
  /** Of those dropped: a newer set came while the model was busy. */
  overtaken: number;
  lastDrop: { reason: string; at: Stamp } | undefined;
  /** Masks by the time they were published and by their stamps. */
  figures: TopicFigures;
  latency: Readonly<Record<'syncWait' | 'decode' | 'inference' | 'total', LatencyFigures | undefined>>;
  last: MaskOrigin | undefined;
  /** The model that makes them; undefined before the first. */
  model: ModelUse | undefined;
}

/** What the last mask was made from, and how sure the model was of it. */
export interface MaskOrigin {
  stamp: Stamp;
  /** Mean over the mask, 0..1. */
  /** 0..1; undefined where the model gives no confidence. */
  meanConfidence: number | undefined;
  reference: string;
  /** By modality the stamp of its image. */
  present: ReadonlyMap<string, Stamp>;
  absent: ReadonlyMap<string, AbsentReason>;
}

export interface InferenceReport {
  /** Of the segmenter's worker; `deferred`: it is started when it is needed. */
  state: HostState | 'deferred';
  /** Name of the bundle. */
  model: string;
  selection: ProviderSelection | undefined;
  latency: Readonly<Record<'encode' | 'head', LatencyFigures | undefined>>;
  /** Of the worker, since the node was configured. */
  restarts: number;
  /** Sets the model failed on, since the node was configured. */
  failures: number;
  /** Threads of workers that hung and do not end: each keeps its memory. */
  stuckThreads: number;
  lastFailure: { reason: string; at: Stamp } | undefined;
}
