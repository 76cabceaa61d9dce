import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { startWorker } from '../threads/start_worker.js';
import { describeAttempt, type ProviderAttempt } from './ladder.js';
import type { RungTried, RunReply, RunRequest, WorkerReply, WorkerSetup } from './protocol.js';
import { SegmenterError } from './segmenter_error.js';
import type { ProviderSelection } from './selection.js';

export interface RestartPolicy {
  /** Pause before the first restart; doubled with every further one. */
  initialDelayMs: number;
  maxDelayMs: number;
  /**
   * Restarts without a successful run in between, after which the host gives up. A first start is never repeated on
   * the same provider.
   */
  maxAttempts: number;
}

export const DEFAULT_RESTART: RestartPolicy = { initialDelayMs: 100, maxDelayMs: 5000, maxAttempts: 8 };

/** No run may take longer than this many milliseconds; a worker that takes longer hangs and is replaced. */
export type RunTimeout = number | 'none';

/** What happened to the worker; for logs and diagnostics. */
export type WorkerEvent =
  | { kind: 'ready'; selection: ProviderSelection }
  /** A provider failed; the next rung is being started and `ready` follows. */
  | { kind: 'provider-left'; provider: string; reason: string }
  | { kind: 'exited'; reason: string; restartInMs: number }
  /** `attempts`: what became of each provider, as far as any was tried. */
  | { kind: 'gave-up'; reason: string; attempts: readonly ProviderAttempt[] };

type State =
  | { kind: 'starting'; worker: Worker }
  | { kind: 'idle'; worker: Worker }
  | { kind: 'busy'; worker: Worker; settle: Settle; timer: NodeJS.Timeout | undefined }
  /** Its provider failed: it takes no further runs. A driver that lost its device may keep it from ending at all. */
  | { kind: 'ending'; worker: Worker; timer: NodeJS.Timeout | undefined }
  | { kind: 'waiting'; timer: NodeJS.Timeout }
  | { kind: 'failed'; reason: SegmenterError }
  | { kind: 'closed' };

export type HostState = State['kind'];

interface Settle {
  resolve(reply: RunReply): void;
  reject(error: SegmenterError): void;
}

/** The worker's entry beside this file, with this file's own ending: `.js` when built, `.ts` when run through tsx. */
const defaultEntry = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Keeps one worker alive: starts it, passes one request at a time, starts another when it ends. A worker that ends on a
 * provider with others below it gives that provider up for good; on the last one it is restarted with growing pauses.
 */
export class WorkerHost {
  readonly #setup: WorkerSetup;
  readonly #entry: URL;
  readonly #restart: RestartPolicy;
  readonly #runTimeout: RunTimeout;
  readonly #onEvent: (event: WorkerEvent) => void;
  #state!: State;
  /** The rung the worker is on, whether it is still trying it or at work. */
  #rung: RungTried | undefined;
  #givenUp: readonly ProviderAttempt[] = [];
  #wasReady = false;
  #failures = 0;
  #waiters: { resolve(): void; reject(error: SegmenterError): void }[] = [];
  #exited: Promise<void> = Promise.resolve();
  /** Those that hung: what they still say or do concerns nobody. */
  readonly #abandoned = new WeakSet<Worker>();

  constructor(
    setup: WorkerSetup,
    onEvent: (event: WorkerEvent) => void,
    restart: RestartPolicy = DEFAULT_RESTART,
    entry: URL = defaultEntry,
    runTimeout: RunTimeout = 'none',
  ) {
    this.#setup = setup;
    this.#onEvent = onEvent;
    this.#restart = restart;
    this.#entry = entry;
    this.#runTimeout = runTimeout;
    this.#spawn();
  }

  get state(): HostState {
    return this.#state.kind;
  }

  /**
   * Resolves once a worker is up (also while it is busy).
   * @throws {SegmenterError} `failed` or `closed` once that cannot happen any more
   */
  async whenReady(): Promise<void> {
    const state = this.#state;
    if (state.kind === 'idle' || state.kind === 'busy') return;
    if (state.kind === 'failed') throw state.reason;
    if (state.kind === 'closed') throw closedError();
    await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** @throws {SegmenterError} saying why, unless a run may be started now */
  requireIdle(): void {
    if (this.#state.kind !== 'idle') throw unavailable(this.#state);
  }

  /**
   * Hands the request and its buffers to the worker.
   * @throws {SegmenterError} where the worker is not idle, or ends before it answers
   */
  run(request: RunRequest): Promise<RunReply> {
    const state = this.#state;
    if (state.kind !== 'idle') return Promise.reject(unavailable(state));
    return new Promise((resolve, reject) => {
      this.#state = {
        kind: 'busy',
        worker: state.worker,
        settle: { resolve, reject },
        timer: this.#startTimer(state.worker),
      };
      state.worker.postMessage(request, [request.images]);
    });
  }

  /** Rejects the run in flight, lets the worker release its sessions and waits for its end. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if ('timer' in state) clearTimeout(state.timer);
    if ('worker' in state) state.worker.postMessage({ kind: 'close' });
    if (state.kind === 'busy') state.settle.reject(closedError());
    this.#settleWaiters(closedError());
    await this.#exited;
  }

  #spawn(): void {
    const workerData: WorkerSetup = { ...this.#setup, givenUp: this.#givenUp };
    const worker = startWorker(this.#entry, { workerData, name: 'mle-sam inference' });
    this.#state = { kind: 'starting', worker };
    this.#rung = undefined;
    let reason: string | undefined;
    worker.on('message', (reply: WorkerReply) => {
      if (this.#abandoned.has(worker)) return;
      if (reply.kind === 'no-provider') {
        reason = describeAttempts(reply.attempts);
        this.#givenUp = reply.attempts;
        this.#rung = undefined;
      } else if (reply.kind === 'trying') {
        this.#rung = reply;
      } else {
        if (reply.kind === 'run-failed' && reply.worker === 'ends') reason = reply.reason;
        this.#receive(worker, reply);
      }
    });
    worker.on('error', (error) => {
      reason = error.message;
    });
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        if (!this.#abandoned.has(worker)) this.#buryWorker(reason ?? `worker exited with code ${code}`);
        resolve();
      });
    });
  }

  /** @param reason - why the worker is given up, other than that it did not answer in time */
  #startTimer(worker: Worker, reason?: string): NodeJS.Timeout | undefined {
    const limitMs = this.#runTimeout;
    if (limitMs === 'none') return undefined;
    return setTimeout(() => {
      // A thread that is stuck in native code does not end when told to, so nobody waits for it.
      this.#exited = Promise.resolve();
      this.#abandoned.add(worker);
      worker.unref();
      void worker.terminate();
      this.#buryWorker(reason ?? `no answer within ${limitMs} ms`);
    }, limitMs);
  }

  #receive(worker: Worker, reply: Exclude<WorkerReply, { kind: 'no-provider' | 'trying' }>): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    if (state.kind === 'busy') clearTimeout(state.timer);
    if (reply.kind === 'ready') {
      this.#state = { kind: 'idle', worker };
      this.#wasReady = true;
      this.#onEvent({ kind: 'ready', selection: reply.selection });
      this.#settleWaiters();
      return;
    }
    this.#state =
      reply.kind === 'run-failed' && reply.worker === 'ends'
        ? { kind: 'ending', worker, timer: this.#startTimer(worker, reply.reason) }
        : { kind: 'idle', worker };
    if (reply.kind === 'result') this.#failures = 0;
    if (state.kind === 'busy') state.settle.resolve(reply);
  }

  #buryWorker(reason: string): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    if ('timer' in state) clearTimeout(state.timer);
    if (this.#rung && this.#rung.below.length > 0) {
      this.#leaveRung(this.#rung, reason, state.kind === 'starting' ? 'failed' : 'left');
    } else {
      this.#restartOrGiveUp(reason);
    }
    if (state.kind === 'busy') {
      state.settle.reject(new SegmenterError('worker-exited', `The inference worker ended during the run: ${reason}`));
    }
  }

  /** At once: another provider does not need the pause that the one which failed might. */
  #leaveRung({ provider, attempts }: RungTried, reason: string, outcome: 'failed' | 'left'): void {
    this.#givenUp = [...attempts, { provider, outcome, reason, ms: 0, timings: {} }];
    this.#onEvent({ kind: 'provider-left', provider, reason });
    this.#spawn();
  }

  /** What became of each provider, the worker's end on the last one included. */
  #attempts(reason: string): readonly ProviderAttempt[] {
    if (!this.#rung) return this.#givenUp;
    const { provider, attempts } = this.#rung;
    const outcome = this.#wasReady ? 'left' : 'failed';
    return [...attempts, { provider, outcome, reason, ms: 0, timings: {} }];
  }

  #restartOrGiveUp(reason: string): void {
    const { initialDelayMs, maxDelayMs, maxAttempts } = this.#restart;
    if (!this.#wasReady || this.#failures >= maxAttempts) {
      const occasion = this.#wasReady ? `gave up after ${this.#failures} restarts` : 'could not be started';
      const error = new SegmenterError('failed', `Inference ${occasion}: ${reason}`);
      this.#state = { kind: 'failed', reason: error };
      this.#onEvent({ kind: 'gave-up', reason, attempts: this.#attempts(reason) });
      this.#settleWaiters(error);
    } else {
      const restartInMs = Math.min(maxDelayMs, initialDelayMs * 2 ** this.#failures);
      this.#failures++;
      this.#state = { kind: 'waiting', timer: setTimeout(() => this.#spawn(), restartInMs) };
      this.#onEvent({ kind: 'exited', reason, restartInMs });
    }
  }

  #settleWaiters(error?: SegmenterError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve, reject } of waiters) {
      if (error) reject(error);
      else resolve();
    }
  }
}

function unavailable(state: State): SegmenterError {
  switch (state.kind) {
    case 'busy':
      return new SegmenterError('busy', 'A frame set is in flight: wait for it, or drop this one');
    case 'failed':
      return state.reason;
    case 'closed':
      return closedError();
    default:
      return new SegmenterError('restarting', 'The inference worker is being (re)started');
  }
}

function closedError(): SegmenterError {
  return new SegmenterError('closed', 'The segmenter was closed');
}

function describeAttempts(attempts: ProviderSelection['attempts']): string {
  return `no provider can run this bundle (${attempts.map(describeAttempt).join('; ') || 'none was asked for'})`;
}
