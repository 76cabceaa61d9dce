import { availableParallelism } from 'node:os';
import type { ModalityImage } from '../sensors/modality_image.js';
import type { FrameSet } from '../sync/frame_set.js';
import { type Bundle, modelFiles, requiredModalities } from './bundle.js';
import { defaultEngineCache } from './engines/engine_cache.js';
import { FeatureSlots } from './feature_slots.js';
import type { RunResult, WorkerSetup } from './protocol.js';
import type { EncodeMode, GraphLayout, ProviderFallback, ProviderRequest } from './providers.js';
import type { Segmentation } from './segmentation.js';
import { SegmenterError } from './segmenter_error.js';
import type { ProviderSelection } from './selection.js';
import { type HostState, type WorkerEvent, WorkerHost } from './worker_host.js';
import type { RestartPolicy, TimeLimit } from './worker_limits.js';

export type SegmenterEvent = WorkerEvent | { kind: 'run-failed'; reason: string };

export interface SegmenterOptions {
  /** Default `auto`: the first rung of the ladder that reproduces the golden labels. */
  provider?: ProviderRequest;
  /** Default `down`; `none` fails rather than run on another provider than the one named. */
  fallback?: ProviderFallback;
  /** Which GPU; default 0. */
  deviceId?: number;
  /** Folder of graphs built for a provider; default as {@link defaultEngineCache}. */
  engineCache?: string;
  /** Default `auto`: the faster one of the provider in use, as far as the bundle has it. */
  graphs?: GraphLayout | 'auto';
  /** CPU threads of one run; default: all cores, at most 4. */
  threads?: number;
  /** Default `auto`: the faster one of the provider in use. */
  encodeMode?: EncodeMode | 'auto';
  /**
   * Images of each modality whose features are kept in mode `one-by-one`, at most as many as take 512 MB. Default 1: the
   * latest, as suits live sensors. An evaluation that shows the same images again and again wants more.
   */
  keptImages?: number;
  restart?: RestartPolicy;
  /** How long a set may take before its worker counts as hanging and is restarted. Default: as long as it likes. */
  runTimeoutMs?: TimeLimit;
  /**
   * How long each step of a start (creating sessions, first run, golden run) may take before its provider is left for
   * the next one. Default: 120 s, or ten times `runTimeoutMs` where that is less, but 4 s at least.
   */
  startTimeoutMs?: TimeLimit;
  onEvent?: (event: SegmenterEvent) => void;
  /** Another entry of the worker thread; tests pass one whose providers fail. */
  workerEntry?: URL;
}

const MAX_DEFAULT_THREADS = 4;

/**
 * Turns frame sets into segmentations, in a worker thread of its own.
 *
 * One set at a time: `segment` while another is in flight rejects with kind `busy`. Which set to drop is the
 * pipeline's decision, and a queue in here would only hide how old its sets are.
 *
 * Images are copied once, into a batch that is transferred to the worker and back, so callers keep their buffers and
 * may overwrite them as soon as `segment` has returned its promise, or `prepare` resolved. Masks belong to the caller.
 *
 * An image object counts as a value: the very same object in a later set means the very same pixels, and is not encoded
 * again in mode `one-by-one` while its features are kept, whatever else is in the sets.
 */
export class Segmenter {
  readonly bundle: Bundle;
  readonly #host: WorkerHost;
  readonly #onEvent: (event: SegmenterEvent) => void;
  /** The batch buffer while it is not with the worker. */
  #spareBatch: ArrayBuffer | undefined;
  #selection: ProviderSelection | undefined;
  #slots: FeatureSlots;
  #encoderRuns = 0;
  /** Images that are being encoded ahead of their set. */
  #preparing: Promise<void> | undefined;
  /** How long it took, by image. */
  readonly #preparedMs = new WeakMap<ModalityImage, number>();

  private constructor(bundle: Bundle, options: SegmenterOptions) {
    this.bundle = bundle;
    this.#slots = new FeatureSlots(bundle.modalities.length, 0);
    this.#onEvent = options.onEvent ?? (() => undefined);
    this.#host = new WorkerHost(
      workerSetup(bundle, options),
      (event) => this.#observe(event),
      options.restart,
      options.workerEntry,
      {
        ...(options.runTimeoutMs !== undefined && { runMs: options.runTimeoutMs }),
        ...(options.startTimeoutMs !== undefined && { startMs: options.startTimeoutMs }),
      },
    );
  }

  /**
   * Starts the worker and waits until a provider has reproduced the bundle's golden labels.
   * @throws {SegmenterError} `failed`, with what became of each provider
   */
  static async create(bundle: Bundle, options: SegmenterOptions = {}): Promise<Segmenter> {
    const segmenter = Segmenter.start(bundle, options);
    await segmenter.whenReady();
    return segmenter;
  }

  /**
   * Starts the worker and does not wait for it: the time until {@link whenReady} resolves is free for other work. Until
   * then `segment` rejects with kind `restarting`, and `selection` is not known.
   * @throws {SegmenterError} `failed` where the options contradict each other
   */
  static start(bundle: Bundle, options: SegmenterOptions = {}): Segmenter {
    if (options.fallback === 'none' && (options.provider ?? 'auto') === 'auto') {
      const message = "Expected a provider by name where no other may take its place but received 'auto'";
      throw new SegmenterError('failed', `${message}: name tensorrt, cuda or cpu.`);
    }
    return new Segmenter(bundle, options);
  }

  /** Provider and encode mode in use, and what was tried before. */
  get selection(): ProviderSelection {
    return this.#selection!;
  }

  /** Images encoded so far; those whose features were still there do not count. */
  get encodedImages(): number {
    return this.#encoderRuns;
  }

  get state(): HostState {
    return this.#host.state;
  }

  /** Resolves once the worker runs, after a restart as well; rejects where it never will. */
  whenReady(): Promise<void> {
    return this.#host.whenReady();
  }

  /**
   * Segments the images of a set. Modalities are put into the bundle's order, whatever the map's.
   * @throws {SegmenterError} see {@link SegmenterErrorKind}; after all but `failed` and `closed` it may be tried again
   */
  async segment(frameSet: FrameSet): Promise<Segmentation> {
    const start = performance.now();
    if (this.#preparing !== undefined) await this.#preparing;
    this.#host.requireIdle();
    const { modalities, images } = this.#inBundleOrder(frameSet);
    const slots = this.#slots;
    const placement = slots.place(modalities, images);
    this.#encoderRuns += placement.encode.length;
    const reply = await this.#host.run({
      kind: 'run',
      modalities,
      ...placement,
      images: this.#batch(placement.encode.map((position) => images[position]!)),
    });
    this.#spareBatch = reply.images;
    if (reply.kind === 'run-failed') {
      this.#onEvent({ kind: 'run-failed', reason: reply.reason });
      throw new SegmenterError('run-failed', `The model failed on this frame set: ${reply.reason}`);
    }
    slots.keep(placement, images);
    const encodeMs = images.reduce((sum, image) => sum + this.#timeToPrepare(image), reply.encodeMs);
    return this.#segmentation(frameSet, modalities, { ...reply, encodeMs }, performance.now() - start);
  }

  /**
   * Encodes images of a set that is not complete yet, so that {@link segment} has only the others to encode. Does nothing
   * where no features are kept from run to run, or the model is busy. What fails here is tried again with the set, and
   * told then.
   * @returns once that is done; never rejects
   */
  prepare(images: readonly ModalityImage[]): Promise<void> {
    if (!this.#slots.areKept || this.#host.state !== 'idle') return Promise.resolve();
    this.#preparing = this.#prepare(images)
      .catch(() => undefined)
      .finally(() => {
        this.#preparing = undefined;
      });
    return this.#preparing;
  }

  async #prepare(given: readonly ModalityImage[]): Promise<void> {
    const set = new Map(given.map((image) => [image.modality, image]));
    const { modalities, images } = this.#ordered(set);
    const slots = this.#slots;
    const placement = slots.place(modalities, images);
    if (placement.encode.length === 0) return;
    this.#encoderRuns += placement.encode.length;
    const batch = this.#batch(placement.encode.map((position) => images[position]!));
    const reply = await this.#host.run({ kind: 'encode', modalities, ...placement, images: batch });
    this.#spareBatch = reply.images;
    if (reply.kind === 'run-failed') return;
    slots.keep(placement, images);
    const each = reply.encodeMs / placement.encode.length;
    for (const position of placement.encode) this.#preparedMs.set(images[position]!, each);
  }

  /** Of an image that was encoded for this set; it counts once. */
  #timeToPrepare(image: ModalityImage): number {
    const ms = this.#preparedMs.get(image) ?? 0;
    this.#preparedMs.delete(image);
    return ms;
  }

  /**
   * Rejects the set in flight with kind `closed`, and resolves once the worker has finished its run and ended; one that
   * hangs is ended by force after five seconds or `runTimeoutMs`, whichever is less.
   */
  close(): Promise<void> {
    return this.#host.close();
  }

  #observe(event: WorkerEvent): void {
    if (event.kind === 'ready') {
      this.#selection = event.selection;
      this.#slots = new FeatureSlots(this.bundle.modalities.length, event.featureCopies);
    }
    this.#onEvent(event);
  }

  #ordered(set: ReadonlyMap<string, ModalityImage>): { modalities: number[]; images: ModalityImage[] } {
    const modalities: number[] = [];
    const images: ModalityImage[] = [];
    this.bundle.modalities.forEach(({ name }, index) => {
      const image = set.get(name);
      if (!image) return;
      checkSize(image, this.bundle);
      modalities.push(index);
      images.push(image);
    });
    return { modalities, images };
  }

  #inBundleOrder(frameSet: FrameSet): { modalities: number[]; images: ModalityImage[] } {
    const { modalities, images } = this.#ordered(frameSet.images);
    if (images.length === 0 || images.length !== frameSet.images.size) {
      const expected = this.bundle.modalities.map(({ name }) => name).join(', ');
      const received = [...frameSet.images.keys()].join(', ') || 'none';
      throw new SegmenterError('bad-input', `Expected some of ${expected} for modalities but received ${received}`);
    }
    const missing = requiredModalities(this.bundle).filter((name) => !frameSet.images.has(name));
    if (missing.length > 0) {
      const received = [...frameSet.images.keys()].join(', ');
      throw new SegmenterError(
        'bad-input',
        `Expected ${missing.join(', ')}, which ${this.bundle.name} requires, but received ${received}`,
      );
    }
    return { modalities, images };
  }

  /** Copies images into one batch: 1.5 ms of the main thread for four images of 1024x1024 pixels. */
  #batch(images: readonly ModalityImage[]): ArrayBuffer {
    const { width, height } = this.bundle.input;
    const buffer = this.#spareBatch ?? new ArrayBuffer(this.bundle.modalities.length * width * height * 3);
    this.#spareBatch = undefined;
    const batch = new Uint8Array(buffer);
    let offset = 0;
    for (const { data } of images) {
      batch.set(data, offset);
      offset += data.length;
    }
    return buffer;
  }

  #segmentation(frameSet: FrameSet, modalities: readonly number[], run: RunResult, totalMs: number): Segmentation {
    const present = modalities.map((index) => this.bundle.modalities[index]!.name);
    return {
      stamp: frameSet.stamp,
      frameId: frameSet.frameId,
      ...this.bundle.input,
      labels: run.labels,
      ...(run.confidence && { confidence: run.confidence }),
      present,
      ...(run.routing && { routing: routingByName(present, run.routing) }),
      timings: { encodeMs: run.encodeMs, headMs: run.headMs, totalMs },
    };
  }
}

/** @param routing - [levels,M] */
function routingByName(present: readonly string[], routing: Float32Array): Map<string, number[]> {
  const count = present.length;
  const levels = routing.length / count;
  const weights = (slot: number) => Array.from({ length: levels }, (_, level) => routing[level * count + slot]!);
  return new Map(present.map((name, slot) => [name, weights(slot)]));
}

function workerSetup(bundle: Bundle, options: SegmenterOptions): WorkerSetup {
  return {
    files: modelFiles(bundle),
    ...bundle.input,
    modalityCount: bundle.modalities.length,
    golden: bundle.golden,
    featureCopies: options.keptImages ?? 1,
    provider: options.provider ?? 'auto',
    fallback: options.fallback ?? 'down',
    givenUp: [],
    deviceId: options.deviceId ?? 0,
    engineCache: options.engineCache ?? defaultEngineCache(),
    graphs: options.graphs ?? 'auto',
    threads: options.threads ?? Math.min(MAX_DEFAULT_THREADS, availableParallelism()),
    encodeMode: options.encodeMode ?? 'auto',
  };
}

function checkSize(image: ModalityImage, { input: { width, height } }: Bundle): void {
  const fits = image.width === width && image.height === height && image.data.length === width * height * 3;
  if (fits) return;
  const received = `${image.width}x${image.height} with ${image.data.length} bytes`;
  throw new SegmenterError(
    'bad-input',
    `Expected ${width}x${height} with ${width * height * 3} bytes for image ${image.modality} but received ${received}`,
  );
}
