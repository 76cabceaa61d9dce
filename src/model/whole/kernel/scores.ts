import { SCORES_WASM } from './scores_wasm.js';

/** Functions of `scores.as`; all places are byte offsets in the memory they were made with. */
export interface ScoreKernel {
  mix(upper: number, lower: number, share: number, out: number, count: number): void;
  stretchWhole(row: number, channels: number, width: number, ratio: number, out: number): void;
  stretchAny(
    row: number,
    channels: number,
    width: number,
    before: number,
    after: number,
    share: number,
    out: number,
    count: number,
  ): void;
  choose(values: number, channels: number, count: number, winners: number, certainties: number, mode: number): number;
}

/** How certain a pixel is: not asked for, the largest share of the softmax, or the score itself. */
export const CERTAINTY = { none: 0, softmax: 1, score: 2 } as const;

/** What is used of WebAssembly: its types come with those of browsers only. */
interface Memory {
  readonly buffer: ArrayBuffer;
}
const { Module, Instance, Memory } = (
  globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object, imports: object) => { exports: unknown };
      Memory: new (pages: { initial: number; maximum: number }) => Memory;
    };
  }
).WebAssembly;

const module = new Module(Buffer.from(SCORES_WASM, 'base64'));
const PAGE_BYTES = 1 << 16;
/** What the compiler may keep for itself at the beginning. */
const RESERVED_BYTES = 1024;

/** Memory of the kernel, laid out once. Each part begins at a multiple of 16 and is followed by room for one vector more. */
export class KernelMemory {
  readonly kernel: ScoreKernel;
  readonly #memory: Memory;
  #next = RESERVED_BYTES;

  /** @param bytes - of all parts together */
  constructor(bytes: number) {
    const pages = Math.ceil((RESERVED_BYTES + bytes) / PAGE_BYTES) + 1;
    this.#memory = new Memory({ initial: pages, maximum: pages });
    const { exports } = new Instance(module, { env: { memory: this.#memory } });
    this.kernel = exports as ScoreKernel;
  }

  floats(count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer, this.#take(4 * count), count);
  }

  wholeNumbers(count: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#memory.buffer, this.#take(4 * count), count);
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, this.#take(count), count);
  }

  #take(bytes: number): number {
    const place = this.#next;
    this.#next = Math.ceil((place + bytes + 16) / 16) * 16;
    return place;
  }
}
