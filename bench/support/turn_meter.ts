import { closeSync, openSync, readSync } from 'node:fs';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** How long the main thread was kept from a timer, and why. */
export interface TurnFigures {
  /** Beyond the timer's own millisecond, by the clock: what a callback waits. */
  delayMs: Figures;
  /** Processor time of the thread between two turns: what it waits for the process itself. */
  workMs: Figures;
  /** Time in which the thread was ready to run and had no processor: what it waits for others. */
  queuedMs: Figures;
}

interface Figures {
  p50: number;
  p99: number;
  max: number;
}

const INTERVAL_MS = 1;
const NANOSECONDS_PER_MILLISECOND = 1e6;

/**
 * Measures every turn of a timer of one millisecond, with what Linux accounts to the main thread. Histograms keep it, so
 * that neither memory nor the time that figures take grow with the run.
 */
export class TurnMeter {
  readonly #delays = createHistogram();
  readonly #work = createHistogram();
  readonly #queued = createHistogram();
  readonly #accounts = new ThreadAccounts();
  #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = this.#next(performance.now(), this.#accounts.read());
  }

  figures(): TurnFigures {
    return { delayMs: figuresOf(this.#delays), workMs: figuresOf(this.#work), queuedMs: figuresOf(this.#queued) };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#accounts.close();
  }

  #next(beforeMs: number, before: ThreadTimes): NodeJS.Timeout {
    return setTimeout(() => {
      const nowMs = performance.now();
      const now = this.#accounts.read();
      record(this.#delays, nowMs - beforeMs - INTERVAL_MS);
      record(this.#work, now.workMs - before.workMs);
      record(this.#queued, now.queuedMs - before.queuedMs);
      this.#timer = this.#next(nowMs, now);
    }, INTERVAL_MS);
  }
}

interface ThreadTimes {
  workMs: number;
  queuedMs: number;
}

/** The main thread's `schedstat`: nanoseconds on a processor, nanoseconds waiting for one, and how often it got one. */
class ThreadAccounts {
  /** The main thread has the number of the process. */
  readonly #file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  readonly #buffer = Buffer.alloc(128);

  read(): ThreadTimes {
    const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
    const [work = '0', queued = '0'] = this.#buffer.toString('latin1', 0, length).split(' ');
    return {
      workMs: Number(work) / NANOSECONDS_PER_MILLISECOND,
      queuedMs: Number(queued) / NANOSECONDS_PER_MILLISECOND,
    };
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Histograms take whole numbers from 1 on: a nanosecond stands for nothing. */
function record(histogram: RecordableHistogram, milliseconds: number): void {
  histogram.record(Math.max(1, Math.round(milliseconds * NANOSECONDS_PER_MILLISECOND)));
}

function figuresOf(histogram: RecordableHistogram): Figures {
  const ms = (nanoseconds: number) => Math.round(nanoseconds / (NANOSECONDS_PER_MILLISECOND / 100)) / 100;
  return { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) };
}
