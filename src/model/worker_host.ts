import './telemetry.js';

import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { endThread } from '../threads/end_thread.js';
import { startWorker } from '../threads/start_worker.js';
import { describeAttempt, type ProviderAttempt } from './ladder.js';
import type {
  EncodeReply,
  EncodeRequest,
  RungTried,
  RunReply,
  RunRequest,
  StartStep,
  WorkerReply,
  WorkerSetup,
} from './protocol.js';
import { SegmenterError } from './segmenter_error.js';
import type { ProviderSelection } from './selection.js';
import {
  DEFAULT_RESTART,
  type RestartPolicy,
  resolveLimits,
  type TimeLimit,
  type WorkerLimits,
} from './worker_limits.js';

/** What happened to the worker; for logs and diagnostics. */
export type WorkerEvent =
  | { kind: 'ready'; selection: ProviderSelection; featureCopies: number }
  /** A provider failed; the next rung is being started and `ready` follows. */
  | { kind: 'provider-left'; provider: string; reason: string }
  | { kind: 'exited'; reason: string; restartInMs: number }
  /** A step of a start takes long; it is given `limitMs` before its provider is left. */
  | { kind: 'slow-start'; provider: string; step: StartStep; ms: number; limitMs: TimeLimit; reason: string }
  /** The thread of a worker that was left does not end: native code holds it, and all that it has allocated. */
  | { kind: 'thread-stuck'; reason: string }
  /** `attempts`: what became of each provider, as far as any was tried. */
  | { kind: 'gave-up'; reason: string; attempts: readonly ProviderAttempt[] };

type State =
  | { kind: 'starting'; worker: Worker; timer: NodeJS.Timeout | undefined }
  | { kind: 'idle'; worker: Worker }
  | { kind: 'busy'; worker: Worker; settle: Settle; timer: NodeJS.Timeout | undefined }
  /** Its provider failed: it takes no further runs. A driver that lost its device may keep it from ending at all. */
  | { kind: 'ending'; worker: Worker; timer: NodeJS.Timeout | undefined }
  | { kind: 'waiting'; timer: NodeJS.Timeout }
  | { kind: 'failed'; reason: SegmenterError }
  | { kind: 'closed' };

export type HostState = State['kind'];

interface Settle {
  resolve(reply: RunReply | EncodeReply): void;
  reject(error: SegmenterError): void;
}

const THREAD_STUCK =
  'the thread of a hung inference worker does not end: its memory stays in use until the process ends';

/** When a step of a start that takes long is told. */
const SLOW_START_MS = 20_000;

/**
 * The worker's JavaScript heap holds little: pictures, masks and tensors lie outside of it. A worker that fills this
 * much has gone wrong; without a limit it would take gigabytes and half a minute of all cores before V8 ends it.
 */
const HEAP = { maxOldGenerationSizeMb: 1024 };

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
  readonly #limits: WorkerLimits;
  readonly #onEvent: (event: WorkerEvent) => void;
  #state!: State;
  /** The rung the worker is on, whether it is still trying it or at work. */
  #rung: RungTried | undefined;
  #givenUp: readonly ProviderAttempt[] = [];
  #wasReady = false;
  #failures = 0;
  #waiters: { resolve(): void; reject(error: SegmenterError): void }[] = [];
  #exited: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;
  /** The end by force of workers that hung. */
  readonly #endings = new Set<Promise<void>>();
  /** Those that hung: what they still say or do concerns nobody. */
  readonly #abandoned = new WeakSet<Worker>();

  constructor(
    setup: WorkerSetup,
    onEvent: (event: WorkerEvent) => void,
    restart: RestartPolicy = DEFAULT_RESTART,
    entry: URL = defaultEntry,
    limits: Partial<WorkerLimits> = {},
  ) {
    this.#setup = setup;
    this.#onEvent = onEvent;
    this.#restart = restart;
    this.#entry = entry;
    this.#limits = resolveLimits(limits);
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
  run(request: RunRequest): Promise<RunReply>;
  run(request: EncodeRequest): Promise<EncodeReply>;
  run(request: RunRequest | EncodeRequest): Promise<RunReply | EncodeReply> {
    const state = this.#state;
    if (state.kind !== 'idle') return Promise.reject(unavailable(state));
    return new Promise((resolve, reject) => {
      this.#state = {
        kind: 'busy',
        worker: state.worker,
        settle: { resolve, reject },
        timer: this.#limitRun(state.worker),
      };
      state.worker.postMessage(request, [request.images]);
    });
  }

  /**
   * Rejects the run in flight, lets the worker release its sessions and waits for its end; one that does not end in time
   * is ended by force. Resolves in any case.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if ('timer' in state) clearTimeout(state.timer);
    if ('worker' in state) state.worker.postMessage({ kind: 'close' });
    if (state.kind === 'busy') state.settle.reject(closedError());
    this.#settleWaiters(closedError());
    if (!(await endsWithin(this.#exited, this.#limits.closeMs)) && 'worker' in state) this.#abandon(state.worker);
    await Promise.all(this.#endings);
  }

  #spawn(): void {
    const workerData: WorkerSetup = { ...this.#setup, givenUp: this.#givenUp };
    const worker = startWorker(this.#entry, { workerData, name: 'mle-sam inference', resourceLimits: HEAP });
    this.#rung = undefined;
    this.#state = { kind: 'starting', worker, timer: this.#limitStart(worker, 'load') };
    let reason: string | undefined;
    worker.on('message', (reply: WorkerReply) => {
      if (this.#abandoned.has(worker)) return;
      if (reply.kind === 'no-provider') {
        reason = describeAttempts(reply.attempts);
        this.#givenUp = reply.attempts;
        this.#rung = undefined;
      } else if (reply.kind === 'trying') {
        this.#rung = reply;
      } else if (reply.kind === 'step') {
        this.#enterStep(worker, reply.step);
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

  /** A mark of progress: each step of a start has the whole limit to itself. */
  #enterStep(worker: Worker, step: StartStep): void {
    const state = this.#state;
    if (state.kind !== 'starting') return;
    clearTimeout(state.timer);
    this.#state = { kind: 'starting', worker, timer: this.#limitStart(worker, step) };
  }

  /** Tells of a step that takes long, and leaves the worker once it has taken too long. */
  #limitStart(worker: Worker, step: StartStep): NodeJS.Timeout {
    const { startMs: limitMs } = this.#limits;
    const noticeMs = limitMs === 'none' ? SLOW_START_MS : Math.min(SLOW_START_MS, limitMs / 2);
    const leave = (limit: number) => this.#leave(worker, `hung ${describeStep(step)}: no progress within ${limit} ms`);
    return setTimeout(() => {
      const provider = this.#rung?.provider ?? 'the inference worker';
      const end = limitMs === 'none' ? 'there is no limit' : `it is left after ${limitMs / 1000} s`;
      const reason = `${provider} is still ${describeStep(step)} after ${noticeMs / 1000} s; ${end}`;
      if (limitMs !== 'none') {
        const timer = setTimeout(() => leave(limitMs), limitMs - noticeMs);
        this.#state = { kind: 'starting', worker, timer };
      }
      this.#onEvent({ kind: 'slow-start', provider, step, ms: noticeMs, limitMs, reason });
    }, noticeMs);
  }

  /** @param reason - why the worker is given up, other than that it did not answer in time */
  #limitRun(worker: Worker, reason?: string): NodeJS.Timeout | undefined {
    const { runMs: limitMs } = this.#limits;
    if (limitMs === 'none') return undefined;
    return setTimeout(() => this.#leave(worker, reason ?? `no answer within ${limitMs} ms`), limitMs);
  }

  #leave(worker: Worker, reason: string): void {
    this.#abandon(worker);
    this.#buryWorker(reason);
  }

  /** Ends the worker by force, and tells where that does not succeed: only `close` waits for it. */
  #abandon(worker: Worker): void {
    this.#exited = Promise.resolve();
    this.#abandoned.add(worker);
    const ending = endThread(worker).then((outcome) => {
      this.#endings.delete(ending);
      if (outcome === 'stuck') this.#onEvent({ kind: 'thread-stuck', reason: THREAD_STUCK });
    });
    this.#endings.add(ending);
  }

  #receive(worker: Worker, reply: Exclude<WorkerReply, { kind: 'no-provider' | 'trying' | 'step' }>): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    if ('timer' in state) clearTimeout(state.timer);
    if (reply.kind === 'ready') {
      this.#state = { kind: 'idle', worker };
      this.#wasReady = true;
      this.#onEvent(reply);
      this.#settleWaiters();
      return;
    }
    this.#state =
      reply.kind === 'run-failed' && reply.worker === 'ends'
        ? { kind: 'ending', worker, timer: this.#limitRun(worker, reply.reason) }
        : { kind: 'idle', worker };
    if (reply.kind !== 'run-failed') this.#failures = 0;
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

/** Whether it ends by then. */
async function endsWithin(end: Promise<void>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([end.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function describeStep(step: StartStep): string {
  switch (step) {
    case 'load':
      return 'loading its code';
    case 'create':
      return 'creating its sessions';
    case 'warm-up':
      return 'in its first run';
    case 'golden':
      return 'in the run on the golden sample';
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
