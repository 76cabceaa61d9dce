import type { ImageSize } from '../../sensors/modality_image.js';
import { KernelMemory } from '../../webassembly/index.js';
import { UNLABELED_ID } from '../manifest_fields.js';
import { CERTAINTY, SCORE_KERNEL, type ScoreKernel } from './kernel/scores.js';
import { gridOffset, type NetworkRecipe, type Upsampling } from './recipe.js';
import { RowSource, rowLength, type ScoreVolume } from './rows.js';
import { type Interpolation, interpolation } from './upsampling.js';

/** Labels and confidence on the grid. */
export interface LabelledGrid {
  labels: Uint8Array<ArrayBuffer>;
  confidence?: Uint8Array<ArrayBuffer>;
}

/** What one volume's shape needs. */
interface Workspace {
  shape: string;
  memory: KernelMemory<ScoreKernel>;
  source: RowSource;
  down: Interpolation;
  /** All channels of a row between two of the volume's. */
  mixed: Float32Array;
  /** All channels of a line at the network's own width. */
  values: Float32Array;
  winners: Uint8Array;
  certainties: Float32Array;
  /** For ratios other than 4, 8, …: which two places a pixel lies between. */
  across: { before: Int32Array; after: Int32Array; share: Float32Array };
}

/**
 * Turns a network's scores into labels: interpolates them to the network's own size, takes the largest, and its softmax
 * for the confidence. It goes line by line, so that no volume of full size is ever made.
 */
export class ScoreLabeller {
  readonly #recipe: NetworkRecipe;
  readonly #grid: ImageSize;
  readonly #offset: { x: number; y: number };
  readonly #ids: Uint8Array;
  readonly #kind: 'logits' | 'probabilities';
  readonly #upsampling: Upsampling;
  /** Of the grid's columns and lines those that the network sees. */
  readonly #columns: { first: number; count: number };
  readonly #lines: { first: number; count: number };
  /** The network's width, up to a whole number of vectors. */
  readonly #count: number;
  #workspace: Workspace | undefined;

  constructor(recipe: NetworkRecipe, grid: ImageSize, kind: 'logits' | 'probabilities') {
    this.#recipe = recipe;
    this.#grid = grid;
    this.#kind = kind;
    this.#upsampling = ('upsampling' in recipe.output ? recipe.output.upsampling : undefined) ?? 'half-pixel';
    this.#offset = gridOffset(grid, recipe);
    this.#ids = Uint8Array.from({ length: 256 }, (_, index) => recipe.classIds[index] ?? UNLABELED_ID);
    this.#columns = seen(grid.width, recipe.size.width, this.#offset.x);
    this.#lines = seen(grid.height, recipe.size.height, this.#offset.y);
    this.#count = Math.ceil(recipe.size.width / 4) * 4;
  }

  /** @throws {Error} where scores are not numbers */
  label(volume: ScoreVolume): LabelledGrid {
    const workspace = this.#prepare(volume);
    workspace.source.open(volume);
    const { width, height } = this.#grid;
    const labels = new Uint8Array(width * height);
    const isWhole = this.#columns.count === width && this.#lines.count === height;
    if (!isWhole) labels.fill(UNLABELED_ID);
    const confidence = this.#recipe.confidence === 'none' ? undefined : new Uint8Array(width * height);
    let unknown = 0;
    for (let line = 0; line < this.#lines.count; line++) {
      unknown += this.#score(workspace, volume, line);
      this.#write(workspace, (this.#lines.first + line) * width + this.#columns.first, labels, confidence);
    }
    if (unknown > 0) throw new Error(`scores that are not numbers (NaN) on ${unknown} of ${labels.length} pixels`);
    return { labels, ...(confidence && { confidence }) };
  }

  #prepare({ width, height, channels }: ScoreVolume): Workspace {
    const shape = `${width}x${height}x${channels}`;
    if (this.#workspace?.shape === shape) return this.#workspace;
    const count = this.#count;
    const row = rowLength(width, channels);
    const line = rowLength(count, channels);
    const memory = new KernelMemory(SCORE_KERNEL, 4 * (3 * row + line + 5 * count));
    const across = interpolation(width, this.#recipe.size.width, 0, count, this.#upsampling);
    const tables = {
      before: memory.wholeNumbers(count),
      after: memory.wholeNumbers(count),
      share: memory.floats(count),
    };
    tables.before.set(across.before);
    tables.after.set(across.after);
    tables.share.set(across.share);
    this.#workspace = {
      shape,
      memory,
      source: new RowSource(width, channels, this.#kind === 'logits' ? 'zero' : 'rest', [
        memory.floats(row),
        memory.floats(row),
      ]),
      down: this.#betweenLines(height),
      mixed: memory.floats(row),
      values: memory.floats(line),
      winners: memory.bytes(count),
      certainties: memory.floats(count),
      across: tables,
    };
    return this.#workspace;
  }

  #betweenLines(height: number): Interpolation {
    const { first, count } = this.#lines;
    return interpolation(height, this.#recipe.size.height, first + this.#offset.y, count, this.#upsampling);
  }

  /**
   * The largest score of each pixel of a line, and how certain it is.
   * @returns of how many pixels no score is a number
   */
  #score(workspace: Workspace, { width }: ScoreVolume, line: number): number {
    const { memory, source, down, mixed, values, winners, certainties, across } = workspace;
    const { kernel } = memory;
    const { channels } = source;
    const share = down.share[line]!;
    let row = source.row(down.before[line]!);
    if (share > 0) {
      const lower = source.row(down.after[line]!);
      kernel.mix(row.byteOffset, lower.byteOffset, share, mixed.byteOffset, Math.ceil(row.length / 4) * 4);
      row = mixed;
    }
    const count = this.#count;
    const ratio = this.#recipe.size.width / width;
    let scores = values.byteOffset;
    if (width === count) {
      scores = row.byteOffset;
    } else if (ratio % 4 === 0 && this.#upsampling === 'half-pixel') {
      kernel.stretchWhole(row.byteOffset, channels, width, ratio, scores);
    } else {
      const { before, after, share: shares } = across;
      const tables = [before.byteOffset, after.byteOffset, shares.byteOffset] as const;
      kernel.stretchAny(row.byteOffset, channels, width, ...tables, scores, count);
    }
    const mode =
      this.#recipe.confidence === 'none'
        ? CERTAINTY.none
        : this.#kind === 'logits'
          ? CERTAINTY.softmax
          : CERTAINTY.score;
    return kernel.choose(scores, channels, count, winners.byteOffset, certainties.byteOffset, mode);
  }

  #write(
    { winners, certainties }: Workspace,
    at: number,
    labels: Uint8Array,
    confidence: Uint8Array | undefined,
  ): void {
    const { unlabeledBelow = 0 } = this.#recipe;
    const ids = this.#ids;
    const first = this.#columns.first + this.#offset.x;
    for (let x = 0; x < this.#columns.count; x++) labels[at + x] = ids[winners[first + x]!]!;
    if (confidence === undefined) return;
    for (let x = 0; x < this.#columns.count; x++) {
      const certainty = Math.min(1, Math.max(0, certainties[first + x]!));
      confidence[at + x] = 255 * certainty + 0.5;
      if (certainty < unlabeledBelow) labels[at + x] = UNLABELED_ID;
    }
  }
}

/** Part of the grid's line that lies in the network's input. */
export function seen(grid: number, network: number, offset: number): { first: number; count: number } {
  const first = Math.max(0, -offset);
  return { first, count: Math.min(grid, network - offset) - first };
}
