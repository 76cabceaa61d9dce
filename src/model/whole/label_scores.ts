import type { ImageSize } from '../../sensors/modality_image.js';
import { UNLABELED_ID } from '../manifest_fields.js';
import { gridOffset, type NetworkRecipe } from './recipe.js';
import { RowSource, type ScoreVolume } from './rows.js';
import { type Interpolation, interpolation } from './upsampling.js';

/** Labels and confidence on the grid. */
export interface LabelledGrid {
  labels: Uint8Array<ArrayBuffer>;
  confidence?: Uint8Array<ArrayBuffer>;
}

/** exp(-d) in steps of 1/128 up to 16, beyond which it is nothing to a byte: half a step off is 0.4 %. */
const STEPS = 128;
const FARTHEST = 16 * STEPS;
const EXPONENTIALS = Float32Array.from({ length: FARTHEST + 2 }, (_, i) => Math.exp((i - FARTHEST) / STEPS));

/**
 * Turns a network's scores into labels: interpolates them to the network's own size, takes the largest, and its softmax
 * for the confidence. It goes row by row, so that no volume of full size is ever made.
 */
export class ScoreLabeller {
  readonly #recipe: NetworkRecipe;
  readonly #grid: ImageSize;
  readonly #offset: { x: number; y: number };
  readonly #ids: Uint8Array;
  readonly #kind: 'logits' | 'probabilities';
  /** Of the grid's columns and rows those that the network sees. */
  readonly #columns: { first: number; count: number };
  readonly #lines: { first: number; count: number };
  #shape = '';
  #source!: RowSource;
  #across!: Interpolation;
  #down!: Interpolation;
  #mixed!: Float32Array;
  #values!: Float32Array;
  readonly #best: Float32Array;
  readonly #winner: Uint8Array;
  readonly #sum: Float32Array;

  constructor(recipe: NetworkRecipe, grid: ImageSize, kind: 'logits' | 'probabilities') {
    this.#recipe = recipe;
    this.#grid = grid;
    this.#kind = kind;
    this.#offset = gridOffset(grid, recipe);
    this.#ids = Uint8Array.from(recipe.classIds);
    this.#columns = seen(grid.width, recipe.size.width, this.#offset.x);
    this.#lines = seen(grid.height, recipe.size.height, this.#offset.y);
    this.#best = new Float32Array(this.#columns.count);
    this.#winner = new Uint8Array(this.#columns.count);
    this.#sum = new Float32Array(this.#columns.count);
  }

  /** @throws {Error} where scores are not numbers */
  label(volume: ScoreVolume): LabelledGrid {
    this.#prepare(volume);
    const { width, height } = this.#grid;
    const labels = new Uint8Array(width * height);
    const isWhole = this.#columns.count === width && this.#lines.count === height;
    if (!isWhole) labels.fill(UNLABELED_ID);
    const confidence = this.#recipe.confidence === 'none' ? undefined : new Uint8Array(width * height);
    let unknown = 0;
    for (let line = 0; line < this.#lines.count; line++) {
      this.#score(line);
      if (confidence !== undefined && this.#kind === 'logits') this.#addUp();
      unknown += this.#write((this.#lines.first + line) * width + this.#columns.first, labels, confidence);
    }
    if (unknown > 0)
      throw new Error(`the network's scores are not numbers (NaN) on ${unknown} of ${labels.length} pixels`);
    return { labels, ...(confidence && { confidence }) };
  }

  #prepare(volume: ScoreVolume): void {
    const { width, height, channels } = volume;
    const shape = `${width}x${height}x${channels}`;
    if (shape !== this.#shape) {
      this.#shape = shape;
      const { size } = this.#recipe;
      this.#source = new RowSource(width, channels, this.#kind === 'logits' ? 'zero' : 'rest');
      this.#across = interpolation(width, size.width, this.#columns.first + this.#offset.x, this.#columns.count);
      this.#down = interpolation(height, size.height, this.#lines.first + this.#offset.y, this.#lines.count);
      this.#mixed = new Float32Array(this.#source.channels * width);
      this.#values = new Float32Array(this.#source.channels * this.#columns.count);
    }
    this.#source.open(volume);
  }

  /** Scores of one line at all its columns, and the largest of each. */
  #score(line: number): void {
    const { before, after, share } = this.#down;
    const upper = this.#source.row(before[line]!);
    const part = share[line]!;
    const row = part === 0 ? upper : mix(upper, this.#source.row(after[line]!), part, this.#mixed);
    const channels = this.#source.channels;
    const width = row.length / channels;
    this.#best.fill(Number.NEGATIVE_INFINITY);
    this.#winner.fill(0);
    for (let c = 0; c < channels; c++) {
      const values = this.#values.subarray(c * this.#columns.count, (c + 1) * this.#columns.count);
      stretchRow(row.subarray(c * width, (c + 1) * width), this.#across, values);
      keepLargest(values, c, this.#best, this.#winner);
    }
  }

  /** Sums of the exponentials of all scores, relative to the largest. */
  #addUp(): void {
    const count = this.#columns.count;
    this.#sum.fill(0);
    for (let c = 0; c < this.#source.channels; c++) {
      addExponentials(this.#values.subarray(c * count, (c + 1) * count), this.#best, this.#sum);
    }
  }

  /** @returns how many pixels have no score */
  #write(at: number, labels: Uint8Array, confidence: Uint8Array | undefined): number {
    const { unlabeledBelow = 0 } = this.#recipe;
    let unknown = 0;
    for (let x = 0; x < this.#columns.count; x++) {
      const best = this.#best[x]!;
      if (best === Number.NEGATIVE_INFINITY) unknown++;
      const id = this.#ids[this.#winner[x]!] ?? UNLABELED_ID;
      if (confidence === undefined) {
        labels[at + x] = id;
        continue;
      }
      const certainty = this.#kind === 'logits' ? 1 / this.#sum[x]! : Math.min(1, Math.max(0, best));
      confidence[at + x] = Math.round(255 * certainty);
      labels[at + x] = certainty < unlabeledBelow ? UNLABELED_ID : id;
    }
    return unknown;
  }
}

/** Part of the grid's line that lies in the network's input. */
export function seen(grid: number, network: number, offset: number): { first: number; count: number } {
  const first = Math.max(0, -offset);
  return { first, count: Math.min(grid, network - offset) - first };
}

function mix(upper: Float32Array, lower: Float32Array, share: number, mixed: Float32Array): Float32Array {
  for (let i = 0; i < mixed.length; i++) mixed[i] = upper[i]! + (lower[i]! - upper[i]!) * share;
  return mixed;
}

function stretchRow(row: Float32Array, { before, after, share }: Interpolation, values: Float32Array): void {
  for (let x = 0; x < values.length; x++) {
    const left = row[before[x]!]!;
    values[x] = left + (row[after[x]!]! - left) * share[x]!;
  }
}

function keepLargest(values: Float32Array, index: number, best: Float32Array, winner: Uint8Array): void {
  for (let x = 0; x < values.length; x++) {
    if (values[x]! > best[x]!) {
      best[x] = values[x]!;
      winner[x] = index;
    }
  }
}

function addExponentials(values: Float32Array, best: Float32Array, sum: Float32Array): void {
  for (let x = 0; x < values.length; x++) {
    const place = ((values[x]! - best[x]!) * STEPS + (FARTHEST + 0.5)) | 0;
    if (place > 0) sum[x] = sum[x]! + EXPONENTIALS[place]!;
  }
}
