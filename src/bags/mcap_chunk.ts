import zlib from 'node:zlib';
import { McapConstants, type McapTypes } from '@mcap/core';
import type { Stamp } from '../messages/index.js';
import type { Decompress } from './decompressors.js';
import { type ChunkHeader, RECORD_HEADER_BYTES } from './mcap_records.js';

type Message = McapTypes.TypedMcapRecords['Message'];

/** Which messages are wanted; the bytes of others are not copied. */
export type IsWanted = (channel: number, logTime: Stamp) => boolean;

const { Opcode } = McapConstants;
/** The fixed fields of a Message record: channel (2), sequence (4), log time (8), publish time (8). */
const MESSAGE_FIELD_BYTES = 22;

/** What lies in a chunk without fault. */
export interface ChunkContents {
  messages: Message[];
  /** Schema and Channel records as they are. */
  definitions: Uint8Array[];
}

/**
 * Reads a chunk in the plain case: whole, undamaged, and with nothing in it but what recorders write. The library that reads
 * all other cases copies a chunk three times and sums it up in JavaScript.
 * @param record - the Chunk record, its record header included
 * @param knows - whether a channel was defined before this chunk
 * @returns undefined where anything is not plain: the library finds the words for it
 */
export function readPlainChunk(
  record: Uint8Array,
  header: ChunkHeader,
  decompress: Decompress | undefined,
  knows: (channel: number) => boolean,
  isWanted: IsWanted,
): ChunkContents | undefined {
  const dataEnd = header.dataOffset + Number(header.dataLength);
  if (record[0] !== Opcode.CHUNK || dataEnd > record.byteLength) return undefined;
  const records = expand(record.subarray(header.dataOffset, dataEnd), header, decompress);
  if (records === undefined) return undefined;
  if (header.uncompressedCrc !== 0 && zlib.crc32(records) !== header.uncompressedCrc) return undefined;
  return readRecordsOf(records, knows, isWanted);
}

function expand(data: Uint8Array, header: ChunkHeader, decompress: Decompress | undefined): Uint8Array | undefined {
  if (header.compression === '' || data.byteLength === 0) return data;
  try {
    return decompress?.(data, header.uncompressedSize);
  } catch {
    return undefined;
  }
}

function readRecordsOf(
  records: Uint8Array,
  knows: (channel: number) => boolean,
  isWanted: IsWanted,
): ChunkContents | undefined {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const contents: ChunkContents = { messages: [], definitions: [] };
  const defined = new Set<number>();
  let at = 0;
  while (at < records.byteLength) {
    const start = at + RECORD_HEADER_BYTES;
    if (start > records.byteLength) return undefined;
    const length = Number(view.getBigUint64(at + 1, true));
    const end = start + length;
    if (end > records.byteLength) return undefined;
    switch (records[at]) {
      case Opcode.MESSAGE: {
        if (length < MESSAGE_FIELD_BYTES) return undefined;
        const channel = view.getUint16(start, true);
        if (!defined.has(channel) && !knows(channel)) return undefined;
        const logTime = view.getBigUint64(start + 6, true);
        if (isWanted(channel, logTime)) contents.messages.push(messageAt(records, view, start, end, channel, logTime));
        break;
      }
      case Opcode.CHANNEL:
        if (length < 2) return undefined;
        defined.add(view.getUint16(start, true));
        contents.definitions.push(records.subarray(at, end));
        break;
      case Opcode.SCHEMA:
        contents.definitions.push(records.subarray(at, end));
        break;
      default:
        return undefined;
    }
    at = end;
  }
  return contents;
}

function messageAt(
  records: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  channelId: number,
  logTime: Stamp,
): Message {
  return {
    type: 'Message',
    channelId,
    sequence: view.getUint32(start + 2, true),
    logTime,
    publishTime: view.getBigUint64(start + 14, true),
    // A message that is held must not hold its chunk.
    data: new Uint8Array(records.subarray(start + MESSAGE_FIELD_BYTES, end)),
  };
}
