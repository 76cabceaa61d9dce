import { type DecompressHandlers, McapRecordBuilder, McapStreamReader, type McapTypes } from '@mcap/core';
import { expandZstd } from './expand_zstd.js';
import { MAXIMUM_CHUNK_BYTES, type McapIndex, type Segment } from './mcap_index.js';
import type { RandomAccessFile } from './random_access_file.js';

/** Records of the data section that matter to us. */
export interface SegmentContents {
  schemas: McapTypes.Schema[];
  channels: McapTypes.Channel[];
  messages: McapTypes.TypedMcapRecords['Message'][];
}

/** Opcode (1) and content length (8) in front of every record. */
export const RECORD_HEADER_BYTES = 9;

/** What a Chunk record says before its data. */
export interface ChunkHeader {
  compression: string;
  uncompressedSize: bigint;
  /** Where the data begins, counted from the record's start. */
  dataOffset: number;
  dataLength: bigint;
}

/**
 * Reads the fields in front of a chunk's data.
 * @param bytes - the beginning of a Chunk record, its record header included
 * @returns undefined when `bytes` end before the data begins
 */
export function parseChunkHeader(bytes: Uint8Array): ChunkHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // start time (8), end time (8), uncompressed size (8), CRC (4), length of the compression's name (4)
  const nameOffset = RECORD_HEADER_BYTES + 32;
  if (view.byteLength < nameOffset) return undefined;
  const nameLength = view.getUint32(nameOffset - 4, true);
  const dataOffset = nameOffset + nameLength + 8;
  if (view.byteLength < dataOffset) return undefined;
  return {
    compression: new TextDecoder().decode(bytes.subarray(nameOffset, nameOffset + nameLength)),
    uncompressedSize: view.getBigUint64(RECORD_HEADER_BYTES + 16, true),
    dataOffset,
    dataLength: view.getBigUint64(dataOffset - 8, true),
  };
}

/** Reads segments of one file. */
export class SegmentReader {
  readonly #file: RandomAccessFile;
  readonly #decompress: DecompressHandlers;

  constructor(file: RandomAccessFile, decompress: DecompressHandlers) {
    this.#file = file;
    this.#decompress = decompress;
  }

  /**
   * Reads and expands a segment. Of a chunk that is cut off comes what lies before the cut.
   * @param channels - channels known so far; the library reads no message of a channel it has not seen
   * @throws Error when the segment is damaged
   */
  async read(segment: Segment, channels: McapIndex['channels']): Promise<SegmentContents> {
    const bytes = await this.#file.read(segment.offset, segment.length);
    const records = segment.kind === 'cut-chunk' ? await expandCutChunk(bytes) : bytes;
    return readRecords(records, channels, this.#decompress);
  }
}

/**
 * Parses a run of records without the file around them; an incomplete record at the end is left out.
 * @throws Error when a record is damaged
 */
export function readRecords(
  bytes: Uint8Array,
  channels: McapIndex['channels'],
  decompressHandlers: DecompressHandlers,
): SegmentContents {
  const contents: SegmentContents = { schemas: [], channels: [], messages: [] };
  const reader = new McapStreamReader({ noMagicPrefix: true, decompressHandlers });
  const known = new McapRecordBuilder();
  for (const channel of channels.values()) known.writeChannel(channel);
  reader.append(known.buffer);
  reader.append(bytes);
  for (let record = nextRecord(reader); record; record = nextRecord(reader)) {
    if (record.type === 'Message') contents.messages.push(record);
    else if (record.type === 'Channel') contents.channels.push(record);
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
