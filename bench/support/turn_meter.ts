import { readFileSync } from 'node:fs';
import { percentiles } from '../../src/report/index.js';

/** How long the main thread was kept from a timer, and how much of that was work of its own. */
export interface TurnFigures {
  /** Beyond the timer's own millisecond, by the clock: what a callback waits. */
  delayMs: Figures;
  /** Processor time of the thread between two turns: what it waits on an idle machine. */
  workMs: Figures;
}

interface Figures {
  p50: number;
  p99: number;
  max: number;
}

const INTERVAL_MS = 1;

/** Measures every turn of a timer of one millisecond, with the processor time Linux accounts to the main thread. */
export class TurnMeter {
  readonly #delays: number[] = [];
  readonly #work: number[] = [];
  #state: 'running' | 'stopped' = 'running';

  constructor() {
    this.#next(performance.now(), processorMs());
  }

  figures(): TurnFigures {
    return { delayMs: figuresOf(this.#delays), workMs: figuresOf(this.#work) };
  }

  stop(): void {
    this.#state = 'stopped';
  }

  #next(beforeMs: number, workBeforeMs: number): void {
    setTimeout(() => {
      const [nowMs, workMs] = [performance.now(), processorMs()];
      this.#delays.push(Math.max(0, nowMs - beforeMs - INTERVAL_MS));
      this.#work.push(workMs - workBeforeMs);
      if (this.#state === 'running') this.#next(nowMs, workMs);
    }, INTERVAL_MS);
  }
}

/** First field of schedstat: time on a processor in nanoseconds; the main thread has the number of the process. */
function processorMs(): number {
  const [nanoseconds = '0'] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
  return Number(nanoseconds) / 1e6;
}

function figuresOf(values: readonly number[]): Figures {
  const { p50, p99 } = percentiles(Float64Array.from(values));
  const max = values.reduce((most, value) => Math.max(most, value), 0);
  return { p50: rounded(p50), p99: rounded(p99), max: rounded(max) };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
