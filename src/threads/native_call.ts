import { workerData } from 'node:worker_threads';
import { GATE_KEY, NativeGate } from './native_gate.js';

const memory = (workerData as Record<string, unknown> | undefined)?.[GATE_KEY];
/** Absent on the main thread, which nothing ends in the middle of a call. */
const gate = memory instanceof SharedArrayBuffer ? new NativeGate(memory) : undefined;
let calls = 0;

/**
 * Calls an addon that must not be interrupted; see {@link NativeGate}. Where the thread is to end, the call does not begin,
 * or the thread ends when it is over: then the promise stays open.
 */
export async function nativeCall<Result>(call: () => Promise<Result>): Promise<Result> {
  if (gate === undefined) return call();
  if (calls === 0 && !gate.enter()) return new Promise(() => {});
  calls++;
  try {
    return await call();
  } finally {
    calls--;
    if (calls === 0 && !gate.leave()) process.exit();
  }
}
