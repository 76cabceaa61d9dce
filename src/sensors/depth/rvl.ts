import { BOUNDS, sizeProblem } from '../bounds.js';

/**
 * RVL, the lossless depth codec of compressed_depth_image_transport (A. Wilson, "Fast Lossless Depth Image
 * Compression", 2017). A picture is a row of runs: [count of zeros][count of others][each other: the zig-zag
 * difference to the previous one]. Numbers are nibbles of three data bits, low bits first, with a continue bit;
 * eight nibbles, the first one highest, make a little-endian 32-bit word.
 */
export type RvlOutcome =
  | { kind: 'samples'; width: number; height: number; samples: Uint16Array }
  | { kind: 'invalid'; reason: string };

const HEADER_BYTES = 8;
/** A 16-bit difference needs 17 zig-zag bits, a run of 2^26 pixels nine nibbles; more is damage. */
const MAX_NIBBLES = 11;

/** Decodes a payload: uint32 columns, uint32 rows, then the words. */
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
  const nibbles = new NibbleReader(view);
  const samples = new Uint16Array(count);
  let previous = 0;
  for (let i = 0; i < count; ) {
    const zeros = nibbles.number();
    const others = nibbles.number();
    if (nibbles.exhausted || zeros + others > count - i) return damaged(i, count);
    // Two empty runs would never end.
    if (zeros + others === 0) return damaged(i, count);
    i += zeros;
    for (const end = i + others; i < end; i++) {
      const zigzag = nibbles.number();
      previous += (zigzag >>> 1) ^ -(zigzag & 1);
      if (nibbles.exhausted || previous < 0 || previous > 0xffff) return damaged(i, count);
      samples[i] = previous;
    }
  }
  return { kind: 'samples', width, height, samples };
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

class NibbleReader {
  /** True once more was read than there is, or a number had no end. */
  exhausted = false;
  readonly #view: DataView;
  #offset = HEADER_BYTES;
  #word = 0;
  #left = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  number(): number {
    let value = 0;
    for (let i = 0, weight = 1; i < MAX_NIBBLES; i++, weight *= 8) {
      if (this.#left === 0 && !this.#nextWord()) return 0;
      this.#left -= 4;
      const nibble = (this.#word >>> this.#left) & 15;
      value += (nibble & 7) * weight;
      if (nibble < 8) return value;
    }
    this.exhausted = true;
    return 0;
  }

  #nextWord(): boolean {
    if (this.#offset + 4 > this.#view.byteLength) {
      this.exhausted = true;
      return false;
    }
    this.#word = this.#view.getUint32(this.#offset, true);
    this.#offset += 4;
    this.#left = 32;
    return true;
  }
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
