import type { RawMessage, Stamp } from '../messages/index.js';

/** Quality of service a topic was offered with; names as in ROS 2's `rmw` profiles. */
export interface QosProfile {
  reliability: 'system_default' | 'reliable' | 'best_effort' | 'best_available' | 'unknown';
  durability: 'system_default' | 'transient_local' | 'volatile' | 'best_available' | 'unknown';
  history: 'system_default' | 'keep_last' | 'keep_all' | 'unknown';
  depth: number;
}

/** One topic of a bag. */
export interface TopicInfo {
  name: string;
  /** Full type name, e.g. `sensor_msgs/msg/Image`; empty where the bag does not say. */
  type: string;
  /** How its messages are serialised. Only `cdr` can be read. */
  serialization: string;
  /** Number of messages, or undefined where the bag does not say and counting would mean reading all of it. */
  count: number | undefined;
  /** One profile a publisher, as far as the bag tells. */
  qos: readonly QosProfile[];
}

/** What a bag holds. */
export interface BagInfo {
  /** The path that was opened. */
  path: string;
  storage: 'mcap' | 'sqlite3';
  /** The storage files, in the order they were found. */
  files: readonly string[];
  /** Sorted by name. */
  topics: readonly TopicInfo[];
  messageCount: number | undefined;
  /** Log time of the first and last message; undefined for a bag without messages. */
  start: Stamp | undefined;
  end: Stamp | undefined;
  durationSeconds: number;
  /**
   * What is wrong with the bag but does not keep it from being read, a sentence each. Reading may add to it: a chunk
   * that turns out to be damaged is left out and named here.
   */
  problems: readonly string[];
}

/** Which messages of a bag to read; everything by default. */
export interface MessageQuery {
  /** Names of topics; those the bag does not have give nothing. */
  topics?: readonly string[];
  /** First and last log time, both included. */
  start?: Stamp;
  end?: Stamp;
}

/** An open bag. Close it: files that had to be expanded live until then. */
export interface BagReader {
  readonly info: BagInfo;
  /**
   * The bag's messages in order of log time, whatever their order in the files; messages with equal log time keep the
   * order of the files. Read in a stream, so memory does not grow with the bag. Every message's bytes are its own.
   * @throws Error when `query.topics` names a topic that is not serialised as CDR
   */
  messages(query?: MessageQuery): AsyncIterable<RawMessage>;
  close(): Promise<void>;
}
