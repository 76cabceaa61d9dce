import type { ImageSize } from '../../sensors/modality_image.js';
import type { ModelRunner } from '../model_runner.js';
import { Tensor } from '../onnx_runtime.js';
import type { RunRequest, RunResult } from '../protocol.js';
import type { ModelSession, RunOutputs } from '../providers.js';
import { type InputData, type InputFiller, inputFillers } from './fill_input.js';
import { halfTable } from './half.js';
import { labelMap } from './label_maps.js';
import { type LabelledGrid, ScoreLabeller } from './label_scores.js';
import { scoresOfQueries } from './query_scores.js';
import type { ConstantInput, NetworkRecipe } from './recipe.js';

/**
 * Runs a network of anybody's making: fills its inputs from the images and makes labels of what it answers. An input
 * keeps what was written to it, so that the image of a slow sensor is written once.
 */
export class WholeRunner implements ModelRunner {
  readonly encodeMode = 'one-by-one';
  /** Of sensors that share an input none is kept: one that is missing is overwritten. */
  readonly featureCopies: number;
  readonly #session: ModelSession;
  readonly #shape: ImageSize;
  readonly #recipe: NetworkRecipe;
  /** By index of the modality. */
  readonly #fillers: readonly InputFiller[];
  /** By index of the modality; what is written to its filler is in here. */
  readonly #pictures: readonly Tensor[];
  readonly #absences: (Tensor | undefined)[] = [];
  readonly #constants: Readonly<Record<string, Tensor>>;
  readonly #labeller: ScoreLabeller;

  constructor(session: ModelSession, recipe: NetworkRecipe, shape: ImageSize) {
    this.#session = session;
    this.#shape = shape;
    this.#recipe = recipe;
    this.#fillers = inputFillers(recipe, shape);
    this.featureCopies = recipe.inputs.some(({ part }) => part !== undefined) ? 0 : 1;
    this.#pictures = this.#fillers.map(({ data }, index) => this.#tensor(index, data));
    this.#constants = Object.fromEntries(recipe.constants.map((constant) => [constant.name, constantTensor(constant)]));
    this.#labeller = new ScoreLabeller(recipe, shape, recipe.output.kind === 'logits' ? 'logits' : 'probabilities');
  }

  /** Checks that the graph has the inputs and outputs of the recipe. The run on the golden sample is its first. */
  static create(session: ModelSession, recipe: NetworkRecipe, shape: ImageSize): WholeRunner {
    const inputs = session.inputMetadata.map(({ name }) => name);
    const fed = [...new Set([...recipe.inputs, ...recipe.constants].map(({ name }) => name))];
    const unfed = inputs.filter((name) => !fed.includes(name));
    const unknown = fed.filter((name) => !inputs.includes(name));
    if (unfed.length + unknown.length > 0) {
      throw new Error(`Expected the inputs ${fed.join(', ')} of the network but received ${inputs.join(', ')}`);
    }
    const outputs = session.outputMetadata.map(({ name }) => name);
    const missing = outputNames(recipe).filter((name) => !outputs.includes(name));
    if (missing.length > 0) {
      throw new Error(`Expected ${missing.join(', ')} as output of the network but received ${outputs.join(', ')}`);
    }
    return new WholeRunner(session, recipe, shape);
  }

  async run({ images, modalities, encode }: RunRequest): Promise<RunResult> {
    const start = performance.now();
    this.#fill(images, modalities, encode);
    const filled = performance.now();
    const outputs = await this.#session.run(this.#feeds(modalities), this.#fetches());
    const answered = performance.now();
    const grid = this.read(outputs);
    const encodeMs = answered - filled;
    return { kind: 'result', images, ...grid, encodeMs, headMs: performance.now() - answered + (filled - start) };
  }

  /**
   * What the network would be given for one image of each modality.
   * @param images - [h,w,3] in the order of the modalities
   */
  feedsOf(images: readonly Uint8Array[]): Record<string, Tensor> {
    for (const [index, image] of images.entries()) this.#fillers[index]!.fill(image);
    return this.#feeds([...images.keys()]);
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  /** Labels of what the network has answered. */
  read(answer: RunOutputs): LabelledGrid {
    const { output, batch } = this.#recipe;
    const outputs = firstOfBatch(answer, batch);
    switch (output.kind) {
      case 'labels':
        return labelMap(mapOf(tensor(outputs, output.name)), this.#recipe, this.#shape);
      case 'queries': {
        const masks = tensor(outputs, output.masks);
        const [height, width] = masks.dims.slice(-2) as [number, number];
        const queries = masks.dims.at(-3)!;
        const classes = numbersOf(tensor(outputs, output.classes));
        return this.#labeller.label(scoresOfQueries(classes, numbersOf(masks), { queries, width, height }));
      }
      default: {
        const scores = tensor(outputs, output.name);
        const side = (letter: string) => scores.dims[output.layout.indexOf(letter)]!;
        const shape = { width: side('W'), height: side('H'), channels: side('C'), layout: output.layout };
        return this.#labeller.label({ data: scores.data as Float32Array, ...shape });
      }
    }
  }

  #fill(images: ArrayBuffer, modalities: readonly number[], encode: readonly number[]): void {
    const bytes = this.#shape.width * this.#shape.height * 3;
    for (const [place, slot] of encode.entries()) {
      this.#fillers[modalities[slot]!]!.fill(new Uint8Array(images, place * bytes, bytes));
    }
  }

  /** The pictures of the sensors that are there, and what stands for the others. */
  #feeds(modalities: readonly number[]): Record<string, Tensor> {
    const pictures = this.#recipe.inputs.map(({ name, part }, index) => {
      const isPresent = modalities.includes(index);
      if (part !== undefined && !isPresent) this.#fillers[index]!.overwrite();
      if (part !== undefined || isPresent) return [name, this.#pictures[index]!] as const;
      this.#absences[index] ??= this.#tensor(index, this.#fillers[index]!.absent());
      return [name, this.#absences[index]] as const;
    });
    return { ...Object.fromEntries(pictures), ...this.#constants };
  }

  #tensor(index: number, data: InputData): Tensor {
    return new Tensor(this.#recipe.inputs[index]!.type, data as Float32Array, this.#fillers[index]!.dims);
  }

  /** Outputs that nobody reads are not copied out of the session. */
  #fetches(): Record<string, null> {
    return Object.fromEntries(outputNames(this.#recipe).map((name) => [name, null]));
  }
}

/** The outputs that labels are made from. */
export function outputNames({ output }: Pick<NetworkRecipe, 'output'>): string[] {
  return output.kind === 'queries' ? [output.classes, output.masks] : [output.name];
}

/** Numbers of a tensor of floats, those of half precision among them. */
export function numbersOf({ data, type }: Tensor): ArrayLike<number> {
  if (type !== 'float16' || !(data instanceof Uint16Array)) return data as Float32Array;
  const table = halfTable();
  return Float32Array.from(data, (half) => table[half]!);
}

/** Of a network that takes several pictures at once, what it says of the first. */
export function firstOfBatch(outputs: RunOutputs, batch: number): RunOutputs {
  if (batch === 1) return outputs;
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, data, dims }]) => {
      if (dims[0] !== batch) return [name, outputs[name]!];
      const first = (data as Float32Array).subarray(0, data.length / batch);
      return [name, new Tensor(type, first, [1, ...dims.slice(1)])];
    }),
  );
}

function tensor(outputs: RunOutputs, name: string): Tensor {
  return outputs[name]!;
}

/** @throws {Error} where the output is no plane of pixels */
function mapOf({ dims, data }: Tensor): { width: number; height: number; data: Int32Array } {
  const [height, width, ...more] = dims.filter((side) => side !== 1);
  if (width === undefined || more.length > 0) {
    throw new Error(`Expected one class index a pixel of the network but received [${dims.join(',')}]`);
  }
  return { height: height!, width, data: data as Int32Array };
}

function constantTensor({ type, shape, value }: ConstantInput): Tensor {
  const length = shape.reduce((product, side) => product * side, 1);
  switch (type) {
    case 'int64':
      return new Tensor('int64', new BigInt64Array(length).fill(BigInt(Math.round(value))), shape);
    case 'int32':
      return new Tensor('int32', new Int32Array(length).fill(value), shape);
    case 'float32':
      return new Tensor('float32', new Float32Array(length).fill(value), shape);
    case 'uint8':
      return new Tensor('uint8', new Uint8Array(length).fill(value), shape);
    case 'bool':
      return new Tensor('bool', new Uint8Array(length).fill(value === 0 ? 0 : 1), shape);
  }
}
