import { checkGraphs, LEVELS } from './graph_contract.js';
import { type ModelRunner, type ModelShape, maskOf } from './model_runner.js';
import { Tensor } from './onnx_runtime.js';
import type { EncodeRequest, EncodeResult, RunRequest, RunResult } from './protocol.js';
import type { EncodeMode, ModelSessions } from './providers.js';

type SplitSessions = Extract<ModelSessions, { kind: 'split' }>;

/** One feature level of every slot: the features of one image each. */
interface FeatureLevel {
  name: string;
  /** [C,h,w] */
  dims: readonly number[];
  /** Numbers in one slot. */
  length: number;
  /** [slots,C,h,w] */
  slots: Float32Array;
  /** [M,C,h,w], for sets whose slots do not lie side by side; made once that happens. */
  gathered: Float32Array | undefined;
}

/** More than one image of each modality is kept only as far as all features take no more than this. */
const MAX_FEATURE_BYTES = 1 << 29;

/**
 * Runs encoder and head. Features stay in the slot the encoder wrote them to. Where the slots of a set lie side by side
 * the head reads them from there, else they are copied together first.
 *
 * onnxruntime-node 1.30 copies every output into a new array, even one that was given a place to be written to; hence
 * no pools for masks. Features are given a place all the same: those of several runs have to lie side by side.
 */
export class SplitRunner implements ModelRunner {
  readonly #sessions: SplitSessions;
  readonly #shape: ModelShape;
  readonly encodeMode: EncodeMode;
  readonly featureCopies: number;
  readonly #levels: readonly FeatureLevel[];
  readonly #modalities: BigInt64Array;

  private constructor(
    sessions: SplitSessions,
    shape: ModelShape,
    encodeMode: EncodeMode,
    levels: readonly FeatureLevel[],
    featureCopies: number,
  ) {
    this.#sessions = sessions;
    this.#shape = shape;
    this.encodeMode = encodeMode;
    // A batch is written side by side, whatever lay there before.
    this.featureCopies = encodeMode === 'batched' ? 0 : featureCopies;
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
    const shapes = LEVELS.map((name) => {
      const dims = outputs[name]!.dims.slice(1);
      return { name, dims, length: dims.reduce((product, side) => product * side, 1) };
    });
    const bytes = 4 * modalityCount * shapes.reduce((sum, { length }) => sum + length, 0);
    const copies = Math.max(1, Math.min(shape.featureCopies, Math.floor(MAX_FEATURE_BYTES / bytes)));
    const levels = shapes.map((level) => ({
      ...level,
      slots: new Float32Array(copies * modalityCount * level.length),
      gathered: undefined,
    }));
    return new SplitRunner(sessions, shape, encodeMode, levels, copies);
  }

  /** Encodes what the request asks for, then decodes all present modalities. */
  async run(request: RunRequest): Promise<RunResult> {
    const start = performance.now();
    await this.#encode(request);
    const encoded = performance.now();
    const answer = await this.#decode(request.slots);
    return {
      kind: 'result',
      images: request.images,
      ...answer,
      encodeMs: encoded - start,
      headMs: performance.now() - encoded,
    };
  }

  async encode(request: EncodeRequest): Promise<EncodeResult> {
    const start = performance.now();
    await this.#encode(request);
    return { kind: 'encoded', images: request.images, encodeMs: performance.now() - start };
  }

  async release(): Promise<void> {
    await this.#sessions.encoder.release();
    await this.#sessions.head.release();
  }

  async #encode({ images, modalities, slots, encode }: RunRequest | EncodeRequest): Promise<void> {
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
      for (const [i, position] of encode.entries()) await runEncoder(i, 1, slots[position]!);
    }
  }

  /** The outputs are arrays the binding has just made: they may be transferred. */
  async #decode(slots: readonly number[]): Promise<Pick<RunResult, 'labels' | 'confidence' | 'routing'>> {
    const first = slots[0]!;
    const areSideBySide = slots.every((slot, position) => slot === first + position);
    const features = areSideBySide ? this.#features(first, slots.length) : this.#gather(slots);
    const outputs = await this.#sessions.head.run(features);
    return {
      labels: maskOf('labels', outputs, this.#shape),
      confidence: maskOf('confidence', outputs, this.#shape),
      routing: outputs.routing!.data as Float32Array,
    };
  }

  /** Tensors over `count` slots of each level from `slot` on. */
  #features(slot: number, count: number): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = {};
    for (const { name, dims, length, slots } of this.#levels) {
      tensors[name] = new Tensor('float32', slots.subarray(slot * length, (slot + count) * length), [count, ...dims]);
    }
    return tensors;
  }

  /** Copies of the given slots side by side. */
  #gather(chosen: readonly number[]): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = {};
    for (const level of this.#levels) {
      const { name, dims, length, slots } = level;
      level.gathered ??= new Float32Array(this.#shape.modalityCount * length);
      for (const [position, slot] of chosen.entries()) {
        level.gathered.set(slots.subarray(slot * length, (slot + 1) * length), position * length);
      }
      const used = level.gathered.subarray(0, chosen.length * length);
      tensors[name] = new Tensor('float32', used, [chosen.length, ...dims]);
    }
    return tensors;
  }
}
