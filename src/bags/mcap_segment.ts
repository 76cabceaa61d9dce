import { type DecompressHandlers, McapRecordBuilder, McapStreamReader, type McapTypes } from '@mcap/core';
import { decompressorOf } from './decompressors.js';
import { expandZstd } from './expand_zstd.js';
import { type IsWanted, readPlainChunk } from './mcap_chunk.js';
import { MAXIMUM_CHUNK_BYTES, type McapIndex, type Segment } from './mcap_index.js';
import { parseChunkHeader } from './mcap_records.js';
import type { RandomAccessFile } from './random_access_file.js';

/** Records of the data section that matter to us. */
export interface SegmentContents {
  schemas: McapTypes.Schema[];
  channels: McapTypes.Channel[];
  messages: McapTypes.TypedMcapRecords['Message'][];
}

/** Reads segments of one file. */
export class SegmentReader {
  readonly #file: RandomAccessFile;
  /** Definitions of the chunk before, and what they say: recorders repeat them in every chunk. */
  #definitions: { bytes: Buffer; contents: SegmentContents } | undefined;
  /** For chunks as they are in the file: what is handed out is copied, so that one place serves all. */
  #buffer = new Uint8Array(0);

  constructor(file: RandomAccessFile) {
    this.#file = file;
  }

  /**
   * Reads and expands a segment. Of a chunk that is cut off comes what lies before the cut.
   * @param channels - channels known so far; no message is read of a channel that was not seen
   * @throws Error when the segment is damaged
   */
  async read(segment: Segment, channels: McapIndex['channels'], isWanted: IsWanted = all): Promise<SegmentContents> {
    const bytes = await this.#read(segment);
    if (segment.kind === 'cut-chunk') return readRecords(await expandCutChunk(bytes), channels, {}, isWanted);
    if (segment.kind === 'records') return readRecords(bytes, channels, {}, isWanted);
    const header = parseChunkHeader(bytes);
    const decompress = header && (await decompressorOf(header.compression));
    const plain = header && readPlainChunk(bytes, header, decompress, (id) => channels.has(id), isWanted);
    const defined = plain && this.#define(plain.definitions, channels);
    if (plain === undefined || defined === undefined) {
      const handlers: DecompressHandlers =
        header && decompress ? { [header.compression]: (...chunk) => decompress(...chunk).slice() } : {};
      return readRecords(bytes, channels, handlers, isWanted);
    }
    return { ...defined, messages: plain.messages };
  }

  /** Valid until the next call. */
  #read({ offset, length }: Segment): Promise<Uint8Array> {
    this.#file.requireInside(offset, length);
    if (this.#buffer.byteLength < length) this.#buffer = new Uint8Array(length);
    return this.#file.readInto(this.#buffer.subarray(0, length), offset);
  }

  /** @returns undefined where they are damaged */
  #define(definitions: readonly Uint8Array[], channels: McapIndex['channels']): SegmentContents | undefined {
    const bytes = Buffer.concat(definitions);
    if (this.#definitions?.bytes.equals(bytes)) return this.#definitions.contents;
    try {
      const contents = readRecords(bytes, channels, {});
      this.#definitions = { bytes, contents };
      return contents;
    } catch {
      return undefined;
    }
  }
}

function all(): boolean {
  return true;
}

/**
 * Parses a run of records without the file around them; an incomplete record at the end is left out.
 * @throws Error when a record is damaged
 */
export function readRecords(
  bytes: Uint8Array,
  channels: McapIndex['channels'],
  decompressHandlers: DecompressHandlers,
  isWanted: IsWanted = all,
): SegmentContents {
  const contents: SegmentContents = { schemas: [], channels: [], messages: [] };
  const reader = new McapStreamReader({ noMagicPrefix: true, decompressHandlers });
  const known = new McapRecordBuilder();
  for (const channel of channels.values()) known.writeChannel(channel);
  reader.append(known.buffer);
  reader.append(bytes);
  for (let record = nextRecord(reader); record; record = nextRecord(reader)) {
    if (record.type === 'Message') {
      if (isWanted(record.channelId, record.logTime)) contents.messages.push(record);
    } else if (record.type === 'Channel') contents.channels.push(record);
    else if (record.type === 'Schema') contents.schemas.push(record);
  }
  return contents;
}

/** The library reads beyond a record that is shorter than its fields, and says so in words for programmers. */
function nextRecord(reader: McapStreamReader): ReturnType<McapStreamReader['nextRecord']> {
  try {
    return reader.nextRecord();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError)
      throw new Error('a record is shorter than its fields');
    throw error;
  }
}

/**
 * The records at the beginning of a chunk whose end is missing, as far as they can be had.
 * @throws Error when there is more in it than it claims
 */
async function expandCutChunk(bytes: Uint8Array): Promise<Uint8Array> {
  const header = parseChunkHeader(bytes);
  if (!header) return new Uint8Array(0);
  const data = bytes.subarray(header.dataOffset);
  if (header.compression === '') return data;
  // LZ4 has no decompressor here that gives what it has so far: such a chunk is lost as a whole.
  if (header.compression !== 'zstd') return new Uint8Array(0);
  const limit = Math.min(MAXIMUM_CHUNK_BYTES, Number(header.uncompressedSize));
  return expandZstd(data, limit, 'cut');
}
