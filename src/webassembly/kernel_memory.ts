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

const PAGE_BYTES = 1 << 16;
/** What the compiler may keep for itself at the beginning. */
const RESERVED_BYTES = 1024;
/** Each part begins at a multiple of this, and is followed by room for one vector more. */
const VECTOR_BYTES = 16;
const MOST_PARTS = 64;

/** A kernel made by `npm run kernel`, of whose functions `Kernel` is the type. */
export interface CompiledKernel<Kernel> {
  readonly module: object;
  /** Never there: it carries the type. */
  readonly functions?: Kernel;
}

/** @param base64 - the module as text, as `npm run kernel` writes it */
export function compileKernel<Kernel>(base64: string): CompiledKernel<Kernel> {
  return { module: new Module(Buffer.from(base64, 'base64')) };
}

/**
 * A kernel with a memory of its own, which is laid out once. Its functions take places in the memory: the `byteOffset` of the
 * arrays handed out here.
 */
export class KernelMemory<Kernel> {
  readonly kernel: Kernel;
  readonly #memory: Memory;
  #next = RESERVED_BYTES;

  /** @param bytes - of all parts together, of which there are {@link MOST_PARTS} at most */
  constructor({ module }: CompiledKernel<Kernel>, bytes: number) {
    const pages = Math.ceil((RESERVED_BYTES + bytes + MOST_PARTS * 2 * VECTOR_BYTES) / PAGE_BYTES);
    this.#memory = new Memory({ initial: pages, maximum: pages });
    this.kernel = new Instance(module, { env: { memory: this.#memory } }).exports as Kernel;
  }

  floats(count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer, this.#take(4 * count), count);
  }

  doubles(count: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#memory.buffer, this.#take(8 * count), count);
  }

  wholeNumbers(count: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#memory.buffer, this.#take(4 * count), count);
  }

  shortNumbers(count: number): Int16Array<ArrayBuffer> {
    return new Int16Array(this.#memory.buffer, this.#take(2 * count), count);
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, this.#take(count), count);
  }

  #take(bytes: number): number {
    const place = this.#next;
    this.#next = Math.ceil((place + bytes + VECTOR_BYTES) / VECTOR_BYTES) * VECTOR_BYTES;
    return place;
  }
}
