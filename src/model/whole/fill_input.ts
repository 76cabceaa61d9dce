import type { ImageSize } from '../../sensors/modality_image.js';
import { halfBits } from './half.js';
import { gridOffset, type NetworkInput, type NetworkRecipe } from './recipe.js';

/** Elements of a network's input. */
export type InputData = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Luma of ITU-R BT.601, as OpenCV and Pillow have it. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * Writes images into one input of a network: layout, element type, scale, mean and std in one pass from the bytes, by a
 * table of 256 values for each channel. The picture is never copied in between.
 */
export class InputFiller {
  /** Room for a whole batch; all but the first picture stays zero. */
  readonly data: InputData;
  readonly dims: readonly number[];
  readonly #input: NetworkInput;
  readonly #grid: ImageSize;
  readonly #size: ImageSize;
  readonly #offset: { x: number; y: number };
  /** By channel of the input: values of all bytes, and which byte of a pixel it reads. */
  readonly #channels: readonly { table: InputData; byte: number }[];
  readonly #isGrey: boolean;
  /** Of all channels of the input those that are this sensor's. */
  readonly #part: { first: number; of: number };
  #absent: InputData | undefined;

  /** @param shared - room of an input that sensors share, from the filler of another of them */
  constructor(input: NetworkInput, recipe: NetworkRecipe, grid: ImageSize, shared?: InputData) {
    this.#input = input;
    this.#grid = grid;
    this.#size = recipe.size;
    this.#offset = gridOffset(grid, recipe);
    this.dims = inputDims(input, recipe);
    const length = this.dims.reduce((product, side) => product * side, 1);
    this.data = shared ?? elements(input.type, length);
    this.#part = input.part ?? { first: 0, of: input.channels };
    this.#isGrey = input.channels === 1 && input.grey === 'luma';
    const order = input.channels === 1 ? [0] : input.order === 'bgr' ? [2, 1, 0] : [0, 1, 2];
    this.#channels = order.map((byte) => ({ table: tableOf(input, byte), byte }));
  }

  /**
   * What lies outside of a letterboxed picture stays zero.
   * @param image - [h,w,3] of the grid's size
   */
  fill(image: Uint8Array): void {
    const { width, height } = this.#size;
    const { x: dx, y: dy } = this.#offset;
    const left = Math.max(0, dx);
    const right = Math.min(width, dx + this.#grid.width);
    const bottom = Math.min(height, dy + this.#grid.height);
    const isPlanar = this.#input.layout.endsWith('CHW');
    const step = isPlanar ? 1 : this.#part.of;
    const plane = isPlanar ? width * height : 1;
    const own = this.#part.first * plane;
    for (let y = Math.max(0, dy); y < bottom; y++) {
      const from = ((y - dy) * this.#grid.width + (left - dx)) * 3;
      const to = own + (y * width + left) * step;
      for (let c = 0; c < this.#channels.length; c++) {
        const { table, byte } = this.#channels[c]!;
        if (this.#isGrey) fillGrey(this.data, to, step, table, image, from, right - left);
        else fillRow(this.data, to + c * plane, step, table, image, from + byte, right - left);
      }
    }
  }

  /**
   * What the network gets for a missing sensor: room of its own, so that the last image stays where it is.
   * @throws {Error} where there is no mask without it
   */
  absent(): InputData {
    this.#refuse();
    if (this.#absent === undefined) {
      this.#absent = elements(this.#input.type, this.data.length);
      this.#writeAbsent(this.#absent);
    }
    return this.#absent;
  }

  /**
   * Writes what stands for a missing sensor over its part of an input that sensors share.
   * @throws {Error} where there is no mask without it
   */
  overwrite(): void {
    this.#refuse();
    this.#writeAbsent(this.data);
  }

  #refuse(): void {
    if (this.#input.absent === 'refuse') throw new Error(`the network makes no mask without ${this.#input.modality}`);
  }

  #writeAbsent(data: InputData): void {
    const { layout, mean, scale, type, absent } = this.#input;
    const pixels = this.#size.width * this.#size.height;
    const { first, of } = this.#part;
    for (const [c, { byte }] of this.#channels.entries()) {
      const value = absent === 'mean' ? elementOf(type, normalised(this.#input, mean[byte]! / scale, byte)) : 0;
      if (layout.endsWith('CHW')) data.fill(value, (first + c) * pixels, (first + c + 1) * pixels);
      else for (let i = 0; i < pixels; i++) data[i * of + first + c] = value;
    }
  }
}

/** Room for each input and its sensors; those that share an input write into the same. */
export function inputFillers(recipe: NetworkRecipe, grid: ImageSize): InputFiller[] {
  const rooms = new Map<string, InputData>();
  return recipe.inputs.map((input) => {
    const filler = new InputFiller(input, recipe, grid, rooms.get(input.name));
    rooms.set(input.name, filler.data);
    return filler;
  });
}

/** Shape of an input's tensor. */
export function inputDims({ layout, channels, part }: NetworkInput, { size, batch }: NetworkRecipe): number[] {
  const sides: Readonly<Record<string, number>> = { N: batch, C: part?.of ?? channels, H: size.height, W: size.width };
  return [...layout].map((letter) => sides[letter]!);
}

function fillRow(
  data: InputData,
  to: number,
  step: number,
  table: InputData,
  image: Uint8Array,
  from: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) data[to + i * step] = table[image[from + i * 3]!]!;
}

function fillGrey(
  data: InputData,
  to: number,
  step: number,
  table: InputData,
  image: Uint8Array,
  from: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = from + i * 3;
    const luma = LUMA[0] * image[at]! + LUMA[1] * image[at + 1]! + LUMA[2] * image[at + 2]!;
    data[to + i * step] = table[Math.round(luma)]!;
  }
}

function elements(type: NetworkInput['type'], length: number): InputData {
  switch (type) {
    case 'float32':
      return new Float32Array(length);
    case 'float16':
      return new Uint16Array(length);
    case 'uint8':
      return new Uint8Array(length);
  }
}

/** What each byte of a channel becomes. */
function tableOf(input: NetworkInput, byte: number): InputData {
  const table = elements(input.type, 256);
  for (let value = 0; value < 256; value++) table[value] = elementOf(input.type, normalised(input, value, byte));
  return table;
}

function normalised({ type, scale, mean, std }: NetworkInput, value: number, byte: number): number {
  // Bytes stay bytes: a network that takes them normalises inside, and `mean` says only what a missing sensor gets.
  if (type === 'uint8') return value;
  return (value * scale - mean[byte]!) / std[byte]!;
}

function elementOf(type: NetworkInput['type'], value: number): number {
  switch (type) {
    case 'float32':
      return value;
    case 'float16':
      return halfBits(value);
    case 'uint8':
      return Math.min(255, Math.max(0, Math.round(value)));
  }
}
