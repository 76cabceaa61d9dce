/** Opcode (1) and content length (8) in front of every record. */
export const RECORD_HEADER_BYTES = 9;

/** What a Chunk record says before its data. */
export interface ChunkHeader {
  compression: string;
  uncompressedSize: bigint;
  /** CRC-32 of the expanded data; 0 where none was made. */
  uncompressedCrc: number;
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
    uncompressedCrc: view.getUint32(RECORD_HEADER_BYTES + 24, true),
    dataOffset,
    dataLength: view.getBigUint64(dataOffset - 8, true),
  };
}
