import type { RawMessage, Stamp } from '../messages/index.js';
import type { TopicInfo } from './bag.js';
import type { StampRange } from './stamps.js';

/**
 * Tells of something wrong that does not stop the reading.
 * @param key - of what may become worse, as a count of damaged rows: its last sentence replaces the one before
 */
export type ReportProblem = (problem: string, key?: string) => void;

/** Which messages to read of one file. */
export interface Selection {
  topics: ReadonlySet<string>;
  start: Stamp | undefined;
  end: Stamp | undefined;
}

/** One file of a bag. A bag is one or more of them, merged by time. */
export interface StorageFile {
  readonly storage: 'mcap' | 'sqlite3';
  readonly path: string;
  readonly topics: readonly TopicInfo[];
  /** Range of log times; undefined for a file without messages. */
  readonly range: StampRange | undefined;
  /** Messages in order of log time. */
  messages(selection: Selection): AsyncGenerator<RawMessage, void, void>;
}
