import type { FallbackStart, ProviderFallback, ProviderRequest, TimeLimit } from '../model/index.js';
import type { PipelineConfig, TopicRole } from '../pipeline/index.js';
import type { OutputKey, TopicQos } from './topics.js';

/** What the parameters say, in the form the node works with. Every value is checked. */
export interface NodeSettings {
  model: {
    /** Folder of the bundle; `undefined` for the one that comes with the package. */
    folder: string | undefined;
    /** Folders of models that stand by for it, best first. */
    fallbacks: readonly string[];
    fallbackStart: FallbackStart;
    provider: ProviderRequest;
    /** What happens where that provider cannot be had. */
    fallback: ProviderFallback;
    deviceId: number;
    /** Folder of graphs built for a GPU; `undefined` for the default. */
    engineCache: string | undefined;
    /** `undefined`: as many as suit the machine. */
    threads: number | undefined;
    /** A worker that takes longer over one set is replaced. */
    runTimeoutMs: TimeLimit;
    startTimeoutMs: TimeLimit;
  };
  /** Label images to score masks against, which only a replay does. */
  groundTruthTopic: string | undefined;
  autostart: boolean;
  /** Masks are made also while nobody listens. */
  alwaysOn: boolean;
  /** From one look at the sensors to the next while nothing subscribes to masks; 0: they are subscribed to all the time. */
  idleCheckMs: number;
  /** Modalities without which there is no mask: all of one of these; `undefined` where any will do. */
  minimum: readonly (readonly string[])[] | undefined;
  diagnosticsPeriodMs: number;
  /** Ready but for `topics`: names are resolved by the graph, see {@link InputSettings}. */
  pipeline: PipelineConfig;
  /** By modality, in the model's order. */
  inputs: ReadonlyMap<string, InputSettings>;
  outputs: OutputSettings;
}

/** Where a modality's messages come from. Names are as configured: relative ones and remappings are still to be resolved. */
export interface InputSettings {
  role: TopicRole;
  topic: string;
  /** Its absence is a fault also where it has never been there. */
  expected: boolean;
  /** `auto`: what the publishers have; else the full name of a message type. */
  messageType: string;
  /** LiDARs have none. */
  cameraInfoTopic: string | undefined;
  qos: TopicQos;
}

export interface OutputSettings {
  /** Size of mask, confidence and overlay. */
  size: 'camera' | 'model';
  overlay: {
    /** 0 = camera only, 1 = mask only. */
    opacity: number;
    /** 1..100 */
    jpegQuality: number;
  };
  /** One entry for every topic the node publishes. */
  topics: ReadonlyMap<OutputKey, { publish: boolean; qos: TopicQos }>;
}
