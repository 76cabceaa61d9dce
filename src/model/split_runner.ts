import { Tensor } from 'onnxruntime-node';
import { checkGraphs, LEVELS } from './graph_contract.js';
import { type ModelRunner, type ModelShape, maskOf } from './model_runner.js';
import type { RunRequest, RunResult } from './protocol.js';
import type { EncodeMode, ModelSessions } from './providers.js';

type SplitSessions = Extract<ModelSessions, { kind: 'split' }>;

/** One feature level: room for all modalities, of which the first M slots are in use. */
interface FeatureLevel {
  name: string;
  /** [C,h,w] */
  dims: readonly number[];
  data: Float32Array;
}

/**
 * Runs encoder and head. Features stay where the encoder wrote them, and the head reads them from there.
 *
 * onnxruntime-node 1.30 copies every output into a new array, even one that was given a place to be written to; hence
 * no pools for masks. Features are given a place all the same: those of several runs have to lie side by side.
 */
export class SplitRunner implements ModelRunner {
  readonly #sessions: SplitSessions;
  readonly #shape: ModelShape;
  readonly encodeMode: EncodeMode;
  readonly #levels: readonly FeatureLevel[];
  readonly #modalities: BigInt64Array;

  private constructor(
    sessions: SplitSessions,
    shape: ModelShape,
    encodeMode: EncodeMode,
    levels: readonly FeatureLevel[],
  ) {
    this.#sessions = sessions;
    this.#shape = shape;
    this.encodeMode = encodeMode;
    this.#levels = levels;
    this.#modalities = new BigInt64Array(shape.modalityCount);
  }

  /**
   * Checks the graphs' interface and learns the features' shapes from one run on an empty image.
   * @throws {Error} where the graphs do not have the inputs and outputs of a bundle
   */
  static async create(sessions: SplitSessions, shape: ModelShape, encodeMode: EncodeMode): Promise<SplitRunner> {
    checkGraphs(sessions, shape);
    const { width, height, modalityCount } = shape;
    const outputs = await sessions.encoder.run({
      images: new Tensor('uint8', new Uint8Array(width * height * 3), [1, height, width, 3]),
      modality: new Tensor('int64', new BigInt64Array(1), [1]),
    });
    const levels = LEVELS.map((name) => {
      const dims = outputs[name]!.dims.slice(1);
      const length = dims.reduce((product, side) => product * side, 1);
      return { name, dims, data: new Float32Array(modalityCount * length) };
    });
    return new SplitRunner(sessions, shape, encodeMode, levels);
  }

  /** Encodes what the request asks for, then decodes all present modalities. */
  async run(request: RunRequest): Promise<RunResult> {
    const start = performance.now();
    await this.#encode(request);
    const encoded = performance.now();
    const answer = await this.#decode(request.modalities.length);
    return {
      kind: 'result',
      images: request.images,
      ...answer,
      encodeMs: encoded - start,
      headMs: performance.now() - encoded,
    };
  }

  async release(): Promise<void> {
    await this.#sessions.encoder.release();
    await this.#sessions.head.release();
  }

  async #encode({ images, modalities, encode }: RunRequest): Promise<void> {
    const { width, height } = this.#shape;
    const bytes = width * height * 3;
    const index = this.#modalities;
    encode.forEach((position, i) => {
      index[i] = BigInt(modalities[position]!);
    });
    const runEncoder = (first: number, count: number, slot: number) =>
      this.#sessions.encoder.run(
        {
          images: new Tensor('uint8', new Uint8Array(images, first * bytes, count * bytes), [count, height, width, 3]),
          modality: new Tensor('int64', index.subarray(first, first + count), [count]),
        },
        this.#features(slot, count),
      );
    if (this.encodeMode === 'batched') {
      await runEncoder(0, encode.length, 0);
    } else {
      for (const [i, slot] of encode.entries()) await runEncoder(i, 1, slot);
    }
  }

  /** The outputs are arrays the binding has just made: they may be transferred. */
  async #decode(count: number): Promise<Pick<RunResult, 'labels' | 'confidence' | 'routing'>> {
    const outputs = await this.#sessions.head.run(this.#features(0, count));
    return {
      labels: maskOf('labels', outputs, this.#shape),
      confidence: maskOf('confidence', outputs, this.#shape),
      routing: outputs.routing!.data as Float32Array,
    };
  }

  /** Tensors over `count` slots of each level from `slot` on. */
  #features(slot: number, count: number): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = {};
    for (const { name, dims, data } of this.#levels) {
      const length = data.length / this.#shape.modalityCount;
      const slots = data.subarray(slot * length, (slot + count) * length);
      tensors[name] = new Tensor('float32', slots, [count, ...dims]);
    }
    return tensors;
  }
}
