import { checkFusedGraph } from './graph_contract.js';
import { type ModelRunner, type ModelShape, maskOf } from './model_runner.js';
import { Tensor } from './onnx_runtime.js';
import type { RunRequest, RunResult } from './protocol.js';
import type { ModelSession } from './providers.js';

/**
 * Runs a graph that holds encoder and head. Features stay on the device: for a full-size model at 1024 x 1024 they are
 * 88 MB a modality, each way. In return nothing is kept from one set to the next, and every set is encoded whole.
 */
export class FusedRunner implements ModelRunner {
  readonly encodeMode = 'batched';
  readonly featureCopies = 0;
  readonly #session: ModelSession;
  readonly #shape: ModelShape;
  readonly #modalities: BigInt64Array;

  private constructor(session: ModelSession, shape: ModelShape) {
    this.#session = session;
    this.#shape = shape;
    this.#modalities = new BigInt64Array(shape.modalityCount);
  }

  static async create(session: ModelSession, shape: ModelShape): Promise<FusedRunner> {
    checkFusedGraph(session, shape);
    const runner = new FusedRunner(session, shape);
    await runner.#answer(new Uint8Array(shape.width * shape.height * 3), [0]);
    return runner;
  }

  /** What encoder and head took can't be told apart: all of it counts as the encoder's. */
  async run({ images, modalities }: RunRequest): Promise<RunResult> {
    const start = performance.now();
    const { width, height } = this.#shape;
    const batch = new Uint8Array(images, 0, modalities.length * width * height * 3);
    const answer = await this.#answer(batch, modalities);
    return { kind: 'result', images, ...answer, encodeMs: performance.now() - start, headMs: 0 };
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  async #answer(
    batch: Uint8Array,
    modalities: readonly number[],
  ): Promise<Pick<RunResult, 'labels' | 'confidence' | 'routing'>> {
    const { width, height } = this.#shape;
    const count = modalities.length;
    modalities.forEach((modality, i) => {
      this.#modalities[i] = BigInt(modality);
    });
    const outputs = await this.#session.run({
      images: new Tensor('uint8', batch, [count, height, width, 3]),
      modality: new Tensor('int64', this.#modalities.subarray(0, count), [count]),
    });
    return {
      labels: maskOf('labels', outputs, this.#shape),
      confidence: maskOf('confidence', outputs, this.#shape),
      routing: outputs.routing!.data as Float32Array,
    };
  }
}
