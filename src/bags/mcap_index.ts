import type { McapTypes } from '@mcap/core';
import type { Stamp } from '../messages/index.js';

/** A stretch of an MCAP file that is read as a whole. */
export interface Segment {
  /** `chunk`: a Chunk record. `cut-chunk`: what is left of one the file ends in. `records`: Message records outside chunks. */
  kind: 'chunk' | 'cut-chunk' | 'records';
  /** Where it is in the file, in bytes. */
  offset: number;
  length: number;
  /** Bytes it takes in memory once read. */
  expandedBytes: number;
  /** Range of the log times in it. */
  start: Stamp;
  end: Stamp;
  channels: ReadonlySet<number>;
}

/** Where the messages of an MCAP file are. */
export interface McapIndex {
  channels: Map<number, McapTypes.Channel>;
  schemas: Map<number, McapTypes.Schema>;
  segments: Segment[];
  /** Messages by channel; undefined where the file does not say. */
  counts: ReadonlyMap<number, number> | undefined;
}

/**
 * The most bytes a chunk may expand to. Recorders write chunks of a few megabytes, or of one message where that is
 * larger; a claim far beyond is a damaged or hostile file, and would be allocated at once.
 */
export const MAXIMUM_CHUNK_BYTES = 1 << 28;

/** The most bytes a message may have: the largest picture that is decoded (32 megapixels of RGB) has 100 million. */
export const MAXIMUM_MESSAGE_BYTES = 1 << 27;

/** The most bytes of a summary, a definition or an index that are read at once: a longer one is not credible. */
export const MAXIMUM_SUMMARY_BYTES = 1 << 28;
