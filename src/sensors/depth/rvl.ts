import { KernelMemory } from '../../webassembly/index.js';
import { BOUNDS, sizeProblem } from '../bounds.js';
import { RVL_KERNEL, type RvlKernel } from './kernel/rvl.js';
import { type keepSamples, takeSamples } from './sample_store.js';

/**
 * RVL, the lossless depth codec of compressed_depth_image_transport (A. Wilson, "Fast Lossless Depth Image
 * Compression", 2017). A picture is a row of runs: [count of zeros][count of others][each other: the zig-zag
 * difference to the previous one]. Numbers are nibbles of three data bits, low bits first, with a continue bit;
 * eight nibbles, the first one highest, make a little-endian 32-bit word.
 */
export type RvlOutcome =
  | { kind: 'samples'; width: number; height: number; samples: Uint16Array<ArrayBuffer> }
  | { kind: 'invalid'; reason: string };

const HEADER_BYTES = 8;
/** A 16-bit difference needs 17 zig-zag bits, a run of 2^26 pixels nine nibbles; more is damage. */
const MAX_NIBBLES = 11;

/**
 * Decodes a payload: uint32 columns, uint32 rows, then the words.
 * @returns samples of their own, for {@link keepSamples} when they were read
 */
export function decodeRvl(payload: Uint8Array): RvlOutcome {
  if (payload.byteLength < HEADER_BYTES) {
    return {
      kind: 'invalid',
      reason: `Expected at least ${HEADER_BYTES} bytes of RVL but received ${payload.byteLength}`,
    };
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const width = view.getUint32(0, true);
  const height = view.getUint32(4, true);
  const count = width * height;
  // An empty picture is a few bytes whatever its size, so the size is bounded by itself.
  const problem = sizeProblem({ width, height }, BOUNDS.depthPixels, 'an RVL picture');
  if (problem !== undefined) return { kind: 'invalid', reason: problem };
  const memory = takeMemory(payload.byteLength, count);
  memory.words.set(payload.subarray(HEADER_BYTES));
  const wordCount = (payload.byteLength - HEADER_BYTES) >> 2;
  const decoded = memory.kernel.decodeRvl(
    memory.words.byteOffset,
    wordCount,
    count,
    MAX_NIBBLES,
    memory.samples.byteOffset,
  );
  if (decoded < count) return damaged(decoded, count);
  const samples = takeSamples(count);
  samples.set(memory.samples);
  return { kind: 'samples', width, height, samples };
}

interface RvlMemory {
  kernel: RvlKernel;
  words: Uint8Array;
  samples: Uint16Array;
}

/** That of the last picture: those of one camera have one size. */
let last: RvlMemory | undefined;

function takeMemory(wordBytes: number, count: number): RvlMemory {
  if (last !== undefined && last.words.length >= wordBytes && last.samples.length === count) return last;
  // Payloads differ in length; most are shorter than this.
  const room = Math.max(wordBytes, 2 * count);
  const memory = new KernelMemory(RVL_KERNEL, room + 2 * count);
  const { buffer, byteOffset } = memory.shortNumbers(count);
  const samples = new Uint16Array(buffer, byteOffset, count);
  const words = memory.bytes(room);
  last = { kernel: memory.kernel, words, samples };
  return last;
}

/** Encodes samples; the counterpart of {@link decodeRvl}, for simulated sensors and tests. */
export function encodeRvl(samples: Uint16Array, width: number, height: number): Uint8Array {
  const nibbles: number[] = [];
  let previous = 0;
  for (let i = 0; i < samples.length; ) {
    const zerosFrom = i;
    while (i < samples.length && samples[i] === 0) i++;
    let end = i;
    while (end < samples.length && samples[end] !== 0) end++;
    pushNumber(nibbles, i - zerosFrom);
    pushNumber(nibbles, end - i);
    for (; i < end; i++) {
      const difference = samples[i]! - previous;
      pushNumber(nibbles, ((difference << 1) ^ (difference >> 31)) >>> 0);
      previous = samples[i]!;
    }
  }
  const words = Math.ceil(nibbles.length / 8);
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + words * 4));
  view.setUint32(0, width, true);
  view.setUint32(4, height, true);
  for (let word = 0; word < words; word++) {
    let bits = 0;
    for (let i = 0; i < 8; i++) bits = (bits << 4) | (nibbles[word * 8 + i] ?? 0);
    view.setUint32(HEADER_BYTES + word * 4, bits >>> 0, true);
  }
  return new Uint8Array(view.buffer);
}

function pushNumber(nibbles: number[], value: number): void {
  let rest = value;
  while (rest > 7) {
    nibbles.push((rest & 7) | 8);
    rest >>>= 3;
  }
  nibbles.push(rest);
}

function damaged(pixel: number, count: number): RvlOutcome {
  return {
    kind: 'invalid',
    reason: `Expected RVL data for ${count} pixels but it is damaged or cut at pixel ${pixel}`,
  };
}
