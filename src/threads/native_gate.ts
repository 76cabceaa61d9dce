/** Nothing but JavaScript runs, which can be ended at any moment. */
const JAVASCRIPT = 0;
/** A native call is under way. */
const NATIVE = 1;
/** A native call is under way, and the thread ends itself when it is back. */
const LAST_CALL = 2;
/** No native call is under way, and none begins any more. */
const CLOSED = 3;

/** Under this name `startWorker` puts the gate's memory into a thread's `workerData`. */
export const GATE_KEY = 'nativeGate';

/**
 * Keeps a worker thread from being ended while it is in a native call. V8 ends a thread at its next step of JavaScript;
 * an addon that finds that out when its call is over, as onnxruntime-node does, throws a C++ exception that nobody
 * catches, and the whole process aborts. So the thread says when it is in such a call, and whoever wants it to end either
 * shuts the gate before the next call, or leaves it to the thread to end when the call is over.
 */
export class NativeGate {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  /** On the thread: whether a native call may begin now. */
  enter(): boolean {
    return Atomics.compareExchange(this.#state, 0, JAVASCRIPT, NATIVE) === JAVASCRIPT;
  }

  /** On the thread: the native call is over. Whether the thread goes on. */
  leave(): boolean {
    if (Atomics.compareExchange(this.#state, 0, NATIVE, JAVASCRIPT) === NATIVE) return true;
    Atomics.store(this.#state, 0, CLOSED);
    Atomics.notify(this.#state, 0);
    return false;
  }

  /**
   * For whoever wants the thread to end: no native call begins from now on.
   * @returns whether the thread may be terminated at once; else it ends by itself once its call is over
   */
  shut(): 'may-be-terminated' | 'ends-by-itself' {
    for (;;) {
      if (Atomics.compareExchange(this.#state, 0, JAVASCRIPT, CLOSED) !== NATIVE) break;
      if (Atomics.compareExchange(this.#state, 0, NATIVE, LAST_CALL) === NATIVE) break;
    }
    return Atomics.load(this.#state, 0) === CLOSED ? 'may-be-terminated' : 'ends-by-itself';
  }

  /** Shuts the gate and waits, with all of the calling thread, until no native call is under way: whether it came to that. */
  shutAndWait(limitMs: number): boolean {
    if (this.shut() === 'may-be-terminated') return true;
    Atomics.wait(this.#state, 0, LAST_CALL, limitMs);
    return Atomics.load(this.#state, 0) === CLOSED;
  }
}
