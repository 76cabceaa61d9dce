import { McapConstants } from '@mcap/core';
import type { Stamp } from '../messages/index.js';
import { MAXIMUM_SUMMARY_BYTES, type McapIndex, type Segment } from './mcap_index.js';
import { parseChunkHeader, RECORD_HEADER_BYTES } from './mcap_records.js';
import { readRecords, type SegmentContents, type SegmentReader } from './mcap_segment.js';
import type { RandomAccessFile } from './random_access_file.js';
import type { ReportProblem } from './storage.js';

const { Opcode } = McapConstants;
export const MAGIC_BYTES = 8;

/** Bytes read ahead while walking from record to record. */
const WINDOW_BYTES = 1 << 16;

/** Messages outside chunks are gathered into segments of about this size. */
const RUN_BYTES = 1 << 20;

/** The fixed fields of a Message record: channel (2), sequence (4), log time (8), publish time (8). */
const MESSAGE_PREFIX_BYTES = 22;

/**
 * Finds the messages of an MCAP file without usable summary by walking over its records once. Chunks are skipped by
 * their length where the message indexes behind them tell what is inside, and expanded where not. What is found is the
 * same index a summary gives, so that such files are read in order and in bounded memory like any other.
 *
 * A file that ends in the middle gives what lies before; where it ends is reported.
 */
export async function scanMcap(
  file: RandomAccessFile,
  segments: SegmentReader,
  report: ReportProblem,
): Promise<McapIndex> {
  return new Scanner(file, segments, report).scan();
}

/** What is known of the messages between two points of the file. */
interface Tally {
  start: Stamp | undefined;
  end: Stamp | undefined;
  counts: Map<number, number>;
}

class Scanner {
  readonly #file: RandomAccessFile;
  readonly #segmentReader: SegmentReader;
  readonly #report: ReportProblem;
  readonly #index: McapIndex & { counts: Map<number, number> } = {
    channels: new Map(),
    schemas: new Map(),
    segments: [],
    counts: new Map(),
  };
  #window: Uint8Array = new Uint8Array(0);
  #windowOffset = 0;
  #offset = MAGIC_BYTES;
  /** The chunk whose message indexes are being collected. */
  #chunk: { offset: number; length: number; tally: Tally } | undefined;
  /** The messages outside chunks being collected. */
  #run: { offset: number; length: number; tally: Tally } | undefined;

  constructor(file: RandomAccessFile, segmentReader: SegmentReader, report: ReportProblem) {
    this.#file = file;
    this.#segmentReader = segmentReader;
    this.#report = report;
  }

  async scan(): Promise<McapIndex> {
    for (;;) {
      const outcome = await this.#next();
      if (outcome === 'more') continue;
      if (outcome !== 'end') {
        // The indexes of the last chunk may be among what is missing.
        if (this.#chunk) this.#chunk.tally = emptyTally();
        this.#report(outcome);
      }
      await this.#finishChunk();
      this.#finishRun();
      return this.#index;
    }
  }

  /** Takes in one record. Returns `end` behind the data section, or a sentence where the file breaks off. */
  async #next(): Promise<'more' | 'end' | string> {
    const { path, size } = this.#file;
    const offset = this.#offset;
    const brokenOff = `${path} is cut off: its ${size} bytes end in the middle of a record at byte ${offset}`;
    const head = await this.#peek(offset, RECORD_HEADER_BYTES);
    if (head.byteLength < RECORD_HEADER_BYTES) {
      return head.byteLength === 0
        ? `${path} is cut off: it ends at byte ${offset} without its closing records`
        : brokenOff;
    }
    const opcode = head[0]!;
    if (opcode === 0) return `${path} is damaged or cut off: no record begins at byte ${offset}`;
    const claimed = viewOf(head).getBigUint64(1, true);
    const complete = claimed <= size - offset - RECORD_HEADER_BYTES;
    const length = complete ? Number(claimed) + RECORD_HEADER_BYTES : size - offset;
    if (opcode !== Opcode.MESSAGE_INDEX) await this.#finishChunk();
    if (opcode !== Opcode.MESSAGE) this.#finishRun();
    if (opcode === Opcode.CHUNK) this.#chunk = { offset, length, tally: emptyTally() };
    if (!complete) {
      if (this.#chunk && opcode === Opcode.CHUNK) await this.#finishCutChunk(this.#chunk);
      return brokenOff;
    }
    this.#offset = offset + length;
    switch (opcode) {
      case Opcode.SCHEMA:
      case Opcode.CHANNEL:
        return this.#definition(offset, length);
      case Opcode.MESSAGE:
        return this.#message(offset, length);
      case Opcode.MESSAGE_INDEX:
        return this.#messageIndex(offset, length);
      case Opcode.DATA_END:
      case Opcode.FOOTER:
        return 'end';
      default:
        return 'more';
    }
  }

  async #definition(offset: number, length: number): Promise<'more' | string> {
    if (length > MAXIMUM_SUMMARY_BYTES)
      return `${this.#file.path} is damaged: the record at byte ${offset} is too long`;
    try {
      this.#define(readRecords(await this.#file.read(offset, length), this.#index.channels, {}));
    } catch (error) {
      return `${this.#file.path} is damaged at byte ${offset}: ${(error as Error).message}`;
    }
    return 'more';
  }

  async #message(offset: number, length: number): Promise<'more' | string> {
    if (length < RECORD_HEADER_BYTES + MESSAGE_PREFIX_BYTES) {
      return `${this.#file.path} is damaged: the message at byte ${offset} is too short`;
    }
    const view = viewOf(await this.#peek(offset, RECORD_HEADER_BYTES + MESSAGE_PREFIX_BYTES));
    const run = this.#run ?? { offset, length: 0, tally: emptyTally() };
    this.#run = run;
    run.length += length;
    addToTally(run.tally, view.getUint16(RECORD_HEADER_BYTES, true), view.getBigUint64(RECORD_HEADER_BYTES + 6, true));
    if (run.length >= RUN_BYTES) this.#finishRun();
    return 'more';
  }

  /** A message index lists log time and offset of the messages of one channel in the chunk before it. */
  async #messageIndex(offset: number, length: number): Promise<'more' | string> {
    if (!this.#chunk || length < RECORD_HEADER_BYTES + 6 || length > MAXIMUM_SUMMARY_BYTES) return 'more';
    const view = viewOf(await this.#peek(offset, length));
    const channel = view.getUint16(RECORD_HEADER_BYTES, true);
    for (let at = RECORD_HEADER_BYTES + 6; at + 16 <= view.byteLength; at += 16) {
      addToTally(this.#chunk.tally, channel, view.getBigUint64(at, true));
    }
    return 'more';
  }

  #finishRun(): void {
    if (this.#run) this.#add('records', this.#run.offset, this.#run.length, this.#run.length, this.#run.tally);
    this.#run = undefined;
  }

  async #finishChunk(): Promise<void> {
    const chunk = this.#chunk;
    if (!chunk) return;
    this.#chunk = undefined;
    const header = parseChunkHeader(await this.#peek(chunk.offset, Math.min(chunk.length, 256)));
    const expandedBytes = header ? Number(header.uncompressedSize) : chunk.length;
    const { tally } = chunk;
    const understood = tally.counts.size > 0 && [...tally.counts.keys()].every((id) => this.#index.channels.has(id));
    if (understood) this.#add('chunk', chunk.offset, chunk.length, expandedBytes, tally);
    else await this.#expandChunk('chunk', chunk.offset, chunk.length, expandedBytes);
  }

  async #finishCutChunk(chunk: { offset: number; length: number }): Promise<void> {
    this.#chunk = undefined;
    if (chunk.length <= MAXIMUM_SUMMARY_BYTES) {
      await this.#expandChunk('cut-chunk', chunk.offset, chunk.length, chunk.length);
    }
  }

  /** Learns what is in a chunk by reading it. */
  async #expandChunk(
    kind: 'chunk' | 'cut-chunk',
    offset: number,
    length: number,
    expandedBytes: number,
  ): Promise<void> {
    const segment: Segment = { kind, offset, length, expandedBytes, start: 0n, end: 0n, channels: new Set() };
    try {
      const contents = await this.#segmentReader.read(segment, this.#index.channels);
      this.#define(contents);
      const tally = emptyTally();
      for (const message of contents.messages) addToTally(tally, message.channelId, message.logTime);
      this.#add(kind, offset, length, expandedBytes, tally);
    } catch (error) {
      this.#report(`${this.#file.path}: the chunk at byte ${offset} is left out: ${(error as Error).message}`);
    }
  }

  #define({ schemas, channels }: SegmentContents): void {
    for (const schema of schemas) this.#index.schemas.set(schema.id, schema);
    for (const channel of channels) this.#index.channels.set(channel.id, channel);
  }

  #add(kind: Segment['kind'], offset: number, length: number, expandedBytes: number, tally: Tally): void {
    const { start, end, counts } = tally;
    if (start === undefined || end === undefined) return;
    this.#index.segments.push({ kind, offset, length, expandedBytes, start, end, channels: new Set(counts.keys()) });
    for (const [id, count] of counts) this.#index.counts.set(id, (this.#index.counts.get(id) ?? 0) + count);
  }

  /** Bytes at `offset`; fewer than `length` only at the end of the file. Valid until the next call. */
  async #peek(offset: number, length: number): Promise<Uint8Array> {
    const available = Math.min(length, this.#file.size - offset);
    const inside = offset >= this.#windowOffset && offset + available <= this.#windowOffset + this.#window.byteLength;
    if (!inside) {
      this.#windowOffset = offset;
      this.#window = await this.#file.read(
        offset,
        Math.min(Math.max(available, WINDOW_BYTES), this.#file.size - offset),
      );
    }
    return this.#window.subarray(offset - this.#windowOffset, offset - this.#windowOffset + available);
  }
}

function emptyTally(): Tally {
  return { start: undefined, end: undefined, counts: new Map() };
}

function addToTally(tally: Tally, channel: number, time: Stamp): void {
  if (tally.start === undefined || time < tally.start) tally.start = time;
  if (tally.end === undefined || time > tally.end) tally.end = time;
  tally.counts.set(channel, (tally.counts.get(channel) ?? 0) + 1);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
