import type { ModalityImage } from '../sensors/modality_image.js';
import type { FrameSet } from '../sync/index.js';
import type { Segmentation } from './segmentation.js';
import type { Segmenter } from './segmenter.js';
import { SegmenterError } from './segmenter_error.js';

/**
 * A model whose worker is started when the first set is for it. That saves its memory until then, and costs its first
 * sets: while it starts, `segment` rejects with kind `restarting`.
 */
export class DeferredSegmenter {
  readonly #start: () => Promise<Segmenter>;
  #starting: Promise<Segmenter> | undefined;
  #segmenter: Segmenter | undefined;
  #failure: SegmenterError | undefined;

  /** @param start - called once */
  constructor(start: () => Promise<Segmenter>) {
    this.#start = start;
  }

  /** The worker, once it has started. */
  get started(): Segmenter | undefined {
    return this.#segmenter;
  }

  get state(): Segmenter['state'] | 'deferred' {
    if (this.#segmenter !== undefined) return this.#segmenter.state;
    if (this.#failure !== undefined) return 'failed';
    return this.#starting === undefined ? 'deferred' : 'starting';
  }

  /** Starts the worker if need be; resolves once it runs. */
  async whenReady(): Promise<void> {
    const segmenter = await this.#begin();
    await segmenter.whenReady();
  }

  async segment(frameSet: FrameSet): Promise<Segmentation> {
    if (this.#segmenter !== undefined) return this.#segmenter.segment(frameSet);
    if (this.#failure !== undefined) throw this.#failure;
    this.#begin().catch(() => undefined);
    throw new SegmenterError('restarting', 'The model is being started: it is needed for the first time');
  }

  /** As that of the worker; nothing while it has not started. */
  async prepare(images: readonly ModalityImage[]): Promise<void> {
    await this.#segmenter?.prepare(images);
  }

  async close(): Promise<void> {
    if (this.#starting === undefined) return;
    await (await this.#starting.catch(() => undefined))?.close();
  }

  #begin(): Promise<Segmenter> {
    this.#starting ??= this.#start().then(
      (segmenter) => {
        this.#segmenter = segmenter;
        return segmenter;
      },
      (error: unknown) => {
        this.#failure =
          error instanceof SegmenterError ? error : new SegmenterError('failed', String((error as Error).message));
        throw this.#failure;
      },
    );
    return this.#starting;
  }
}
