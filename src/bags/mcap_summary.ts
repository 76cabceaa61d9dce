import { McapIndexedReader } from '@mcap/core';
import { MAXIMUM_SUMMARY_BYTES, type McapIndex } from './mcap_index.js';
import type { RandomAccessFile } from './random_access_file.js';

/**
 * Reads the summary at the end of an MCAP file.
 * @returns undefined where there is none, or where it does not say all that is needed: the file is scanned then
 */
export async function readSummary(file: RandomAccessFile): Promise<McapIndex | undefined> {
  let reader: McapIndexedReader;
  try {
    reader = await McapIndexedReader.Initialize({
      readable: {
        size: async () => BigInt(file.size),
        read: async (offset, length) => {
          if (length > MAXIMUM_SUMMARY_BYTES) throw new Error(`A summary of ${length} bytes is not credible`);
          return file.read(Number(offset), Number(length));
        },
      },
    });
  } catch {
    // Cut off, without summary, or with a damaged one: the data may be whole all the same.
    return undefined;
  }
  const { statistics, chunkIndexes, channelsById, schemasById } = reader;
  if (!statistics || chunkIndexes.length !== statistics.chunkCount || channelsById.size !== statistics.channelCount) {
    return undefined;
  }
  if (statistics.messageCount > 0n && chunkIndexes.length === 0) return undefined;
  const isIndexed = (chunk: (typeof chunkIndexes)[number]) => chunk.messageIndexOffsets.size > 0;
  const isEmpty = (chunk: (typeof chunkIndexes)[number]) =>
    chunk.messageStartTime === 0n && chunk.messageEndTime === 0n;
  if (!chunkIndexes.every((chunk) => isIndexed(chunk) || isEmpty(chunk))) return undefined;
  const indexed = chunkIndexes.filter(isIndexed);
  if (indexed.some((chunk) => chunk.chunkStartOffset + chunk.chunkLength > BigInt(file.size))) return undefined;
  return {
    channels: new Map(channelsById),
    schemas: new Map(schemasById),
    segments: indexed.map((chunk) => ({
      kind: 'chunk',
      offset: Number(chunk.chunkStartOffset),
      length: Number(chunk.chunkLength),
      expandedBytes: Number(chunk.uncompressedSize),
      start: chunk.messageStartTime,
      end: chunk.messageEndTime,
      channels: new Set(chunk.messageIndexOffsets.keys()),
    })),
    counts: new Map([...statistics.channelMessageCounts].map(([id, count]) => [id, Number(count)])),
  };
}
