import zlib from 'node:zlib';
import { BOUNDS, sizeProblem } from '../bounds.js';
import { MACHINE_IS_BIG_ENDIAN } from '../byte_order.js';
import { inRowSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import { takeSamples } from './sample_store.js';

/** A picture of 16-bit samples. */
export interface Samples16 extends ImageSize {
  samples: Uint16Array<ArrayBuffer>;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Length (4) and type (4) before the content of a chunk, and its CRC-32 (4) behind. */
const CHUNK_HEAD_BYTES = 8;
const CRC_BYTES = 4;
const IHDR_BYTES = 13;
/** Chunks that change no sample: size of a pixel, time, text. */
const WITHOUT_EFFECT = new Set(['pHYs', 'tIME', 'tEXt']);
/** What expands to more is expanded in a thread: this takes a millisecond. */
const MOST_BYTES_AT_ONCE = 1 << 18;
/** Some two milliseconds of the slowest filter. */
const PIXELS_PER_SLICE = 120_000;

/**
 * Reads a PNG as depth cameras send it: 16 bits, grey, not interlaced, whole, and without chunks that change what samples mean
 * (ISO/IEC 15948). A general decoder takes three times as long for what small pictures need.
 * @returns undefined for all other PNGs, damaged ones among them: a general decoder reads them or finds the words
 */
export async function readPlainPng(png: Uint8Array): Promise<Samples16 | undefined> {
  const parts = splitPng(png);
  if (parts === undefined || sizeProblem(parts, BOUNDS.depthPixels, 'a depth picture') !== undefined) return undefined;
  const { width, height } = parts;
  const rowBytes = 2 * width;
  const lines = await inflate(parts.data, (1 + rowBytes) * height);
  if (lines === undefined) return undefined;
  const samples = takeSamples(width * height);
  const bytes = Buffer.from(samples.buffer);
  let isPlain = true;
  await inRowSlices(parts, PIXELS_PER_SLICE, (from, to) => {
    for (let row = from; row < to && isPlain; row++) {
      const at = row * (1 + rowBytes);
      isPlain = undoFilter(lines, at, rowBytes, row > 0 ? at - rowBytes : -1);
      bytes.set(lines.subarray(at + 1, at + 1 + rowBytes), row * rowBytes);
    }
    if (!MACHINE_IS_BIG_ENDIAN) bytes.subarray(from * rowBytes, to * rowBytes).swap16();
  });
  return isPlain ? { width, height, samples } : undefined;
}

/** Size and compressed data of a plain PNG. */
function splitPng(png: Uint8Array): (ImageSize & { data: Uint8Array[] }) | undefined {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  let size: ImageSize | undefined;
  const data: Uint8Array[] = [];
  if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  for (let at = SIGNATURE.length; at + CHUNK_HEAD_BYTES + CRC_BYTES <= bytes.length; ) {
    const content = at + CHUNK_HEAD_BYTES;
    const end = content + bytes.readUInt32BE(at);
    if (end + CRC_BYTES > bytes.length) return undefined;
    if (zlib.crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return undefined;
    const type = bytes.toString('latin1', at + 4, content);
    if (size === undefined) {
      if (type !== 'IHDR' || end - content !== IHDR_BYTES) return undefined;
      // 16 bits, grey, the one compression, the one set of filters, not interlaced.
      if (bytes.readUInt32BE(content + 8) !== 0x10000000 || bytes[content + 12] !== 0) return undefined;
      size = { width: bytes.readUInt32BE(content), height: bytes.readUInt32BE(content + 4) };
    } else if (type === 'IDAT') {
      data.push(bytes.subarray(content, end));
    } else if (type === 'IEND') {
      return { ...size, data };
    } else if (!WITHOUT_EFFECT.has(type)) {
      return undefined;
    }
    at = end + CRC_BYTES;
  }
  return undefined;
}

/** @returns undefined where there is anything else than a zlib stream of `length` bytes */
async function inflate(parts: readonly Uint8Array[], length: number): Promise<Uint8Array | undefined> {
  const data = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  const options = { maxOutputLength: length, chunkSize: Math.max(64, length), info: true } as const;
  try {
    const result = length > MOST_BYTES_AT_ONCE ? await inflateInThread(data, options) : zlib.inflateSync(data, options);
    const { buffer, engine } = result as unknown as Inflated;
    return buffer.length === length && engine.bytesWritten === data.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

/** With the option `info`, which has no types. */
interface Inflated {
  buffer: Buffer;
  /** `bytesWritten`: those of the data that belong to the stream. */
  engine: zlib.Inflate;
}

function inflateInThread(data: Uint8Array, options: zlib.ZlibOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    zlib.inflate(data, options, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

/** Bytes of a sample, which filters look back by. */
const BACK = 2;

/**
 * Undoes the filter of a row in place.
 * @param at - of its filter's number, behind which its bytes are
 * @param above - of the bytes of the row above; negative where there is none
 * @returns false for a filter that is not there
 */
function undoFilter(lines: Uint8Array, at: number, rowBytes: number, above: number): boolean {
  const from = at + 1;
  const end = from + rowBytes;
  const distance = above < 0 ? 0 : from - above;
  switch (lines[at]) {
    case 0:
      return true;
    case 1:
      for (let i = from + BACK; i < end; i++) lines[i] = lines[i]! + lines[i - BACK]!;
      return true;
    case 2:
      if (distance > 0) for (let i = from; i < end; i++) lines[i] = lines[i]! + lines[i - distance]!;
      return true;
    case 3:
      for (let i = from; i < end; i++) {
        const left = i < from + BACK ? 0 : lines[i - BACK]!;
        lines[i] = lines[i]! + ((left + (distance > 0 ? lines[i - distance]! : 0)) >> 1);
      }
      return true;
    case 4:
      for (let i = from; i < end; i++) {
        const left = i < from + BACK ? 0 : lines[i - BACK]!;
        const upper = distance > 0 ? lines[i - distance]! : 0;
        const corner = distance > 0 && i >= from + BACK ? lines[i - distance - BACK]! : 0;
        lines[i] = lines[i]! + paeth(left, upper, corner);
      }
      return true;
    default:
      return false;
  }
}

/** The neighbour that is nearest to left + above - corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
