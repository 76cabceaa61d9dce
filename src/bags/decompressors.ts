import zlib from 'node:zlib';
import { MAXIMUM_CHUNK_BYTES } from './mcap_index.js';

/** Expands the data of a chunk; the result is valid until the next call. Throws where it is damaged. */
export type Decompress = (data: Uint8Array, expandedBytes: bigint) => Uint8Array;

/** Node has zstd of its own from 22.15 on; WebAssembly takes about half as long again. */
const nodeZstd = (zlib as unknown as { zstdDecompressSync?: (data: Uint8Array, options: object) => Buffer })
  .zstdDecompressSync;
/** Node expands into pieces of this size, and puts them together where there are several. */
const MOST_PIECE_BYTES = 1 << 24;

const loaded = new Map<string, Promise<Decompress | undefined>>();

/**
 * The decompressor of an MCAP compression, loaded when it is first asked for. It refuses a chunk by the size it claims,
 * before that is allocated.
 * @returns undefined for a compression that is not known
 */
export function decompressorOf(compression: string): Promise<Decompress | undefined> {
  let found = loaded.get(compression);
  if (found === undefined) {
    found = load(compression).then((decompress) => decompress && limited(decompress));
    loaded.set(compression, found);
  }
  return found;
}

async function load(compression: string): Promise<Decompress | undefined> {
  switch (compression) {
    case 'zstd':
      return nodeZstd === undefined ? loadWasmZstd() : expandByNode;
    case 'lz4':
    case 'bz2':
      return (await (await import('@mcap/support')).loadDecompressHandlers())[compression] as Decompress;
    default:
      return undefined;
  }
}

/** The package's own function copies what comes out, which takes as long as a sixth of the decompression. */
async function loadWasmZstd(): Promise<Decompress> {
  const { default: load } = await import('@foxglove/wasm-zstd/dist/wasm-zstd.js');
  const zstd = await load();
  const place = { at: 0, bytes: 0 };
  const reserve = (bytes: number) => {
    if (bytes <= place.bytes) return;
    zstd._free(place.at);
    Object.assign(place, { at: zstd._malloc(bytes), bytes });
    if (place.at !== 0) return;
    place.bytes = 0;
    throw new Error(`Expected memory for a chunk of ${bytes} bytes but there is none`);
  };
  return (data, expandedBytes) => {
    const bytes = Number(expandedBytes);
    reserve(bytes + data.byteLength);
    const { at } = place;
    zstd.HEAPU8.set(data, at + bytes);
    const expanded = zstd._decompress(at, bytes, at + bytes, data.byteLength);
    if (expanded < 0) throw new Error('Error during decompression');
    return zstd.HEAPU8.subarray(at, at + expanded);
  };
}

function expandByNode(data: Uint8Array, expandedBytes: bigint): Uint8Array {
  const bytes = Math.max(1, Number(expandedBytes));
  try {
    return nodeZstd!(data, { maxOutputLength: bytes, chunkSize: Math.max(64, Math.min(MOST_PIECE_BYTES, bytes)) });
  } catch {
    // In the words of the other decompressor: the same file gives the same sentence everywhere.
    throw new Error('Error during decompression');
  }
}

function limited(decompress: Decompress): Decompress {
  return (data, size) => {
    if (size > MAXIMUM_CHUNK_BYTES) {
      throw new Error(`Expected a chunk of at most ${MAXIMUM_CHUNK_BYTES} bytes but received one of ${size}`);
    }
    return decompress(data, size);
  };
}
