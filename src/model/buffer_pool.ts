/**
 * Buffers of one size that go to the worker and come back. What is lost on the way (a worker that died, a receiver
 * that keeps its mask) is replaced; what comes back beyond `capacity` is left to the garbage collector.
 */
export class BufferPool {
  readonly #byteLength: number;
  readonly #capacity: number;
  readonly #free: ArrayBuffer[] = [];

  constructor(byteLength: number, capacity: number) {
    this.#byteLength = byteLength;
    this.#capacity = capacity;
  }

  /** A buffer with whatever its last user left in it. */
  take(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(this.#byteLength);
  }

  /**
   * Takes a buffer back and detaches it: a view somebody kept reads as empty rather than as the next user's data.
   * A buffer that is not (or no longer) of this pool's size is ignored.
   */
  give(buffer: ArrayBufferLike): void {
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== this.#byteLength) return;
    const moved = structuredClone(buffer, { transfer: [buffer] });
    if (this.#free.length < this.#capacity) this.#free.push(moved);
  }
}
