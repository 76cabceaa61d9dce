import { KernelMemory } from '../../webassembly/index.js';
import { inRowSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import { PIXEL_KERNEL, type PixelKernel } from './kernel/pixels.js';
import { type Channel, type PictureRows, planeBytes, type RowSpace, rowSpace, type WriteRow } from './picture_rows.js';
import { planReduction, type Reduction, TAPS } from './reduction.js';

/** Rows of cells that are kept: those a row of the result is weighed from. */
const RING_ROWS = TAPS + 1;
/** Sums of more rows would not fit into 16 bits. */
const MOST_CELL = 256;
const SOURCE_PIXELS_PER_SLICE = 600_000;
/** Memories kept for the next pictures. */
const MOST_KEPT = 4;

/** Whether {@link reduceRows} can make `size` of a picture: no side grows, none shrinks to a five hundredth. */
export function isReduction(source: ImageSize, size: ImageSize): boolean {
  const fits = (from: number, to: number) => to <= from && from / to < 2 * MOST_CELL;
  return fits(source.width, size.width) && fits(source.height, size.height);
}

/**
 * Reduces a picture to the model's size while its rows are made, with the arithmetic of {@link planReduction}.
 * @param size - for which {@link isReduction} holds
 * @returns height * width * 3 bytes RGB, or one byte a pixel of a grey picture with `grey` `one`; a buffer of its own
 */
export async function reduceRows(
  rows: PictureRows,
  size: ImageSize,
  grey: 'one' | 'three' = 'three',
): Promise<Uint8Array> {
  const channels = rows.channels.length === 1 && grey === 'three' ? Array(3).fill(rows.channels[0]) : rows.channels;
  const workspace = takeWorkspace(rows, size, channels);
  const write = rows.bind(workspace.space);
  const target = new Uint8Array(size.width * size.height * channels.length);
  const perSlice = Math.max(1, (SOURCE_PIXELS_PER_SLICE * size.height) / rows.height);
  workspace.begin();
  await inRowSlices({ width: rows.width, height: size.height }, perSlice, (from, to) => {
    for (let row = from; row < to; row++) workspace.makeRow(row, write, target);
  });
  keepWorkspace(workspace);
  return target;
}

const kept: Workspace[] = [];

function takeWorkspace(rows: PictureRows, size: ImageSize, channels: readonly Channel[]): Workspace {
  const shape = JSON.stringify([rows.width, rows.height, rows.rowBytes, rows.scratchBytes, size, channels]);
  const place = kept.findIndex((workspace) => workspace.shape === shape);
  return place < 0 ? new Workspace(shape, rows, size, channels) : kept.splice(place, 1)[0]!;
}

function keepWorkspace(workspace: Workspace): void {
  kept.push(workspace);
  if (kept.length > MOST_KEPT) kept.shift();
}

/** Memory and tables for pictures of one shape, one at a time. */
class Workspace {
  readonly shape: string;
  readonly space: RowSpace;
  readonly #kernel: PixelKernel;
  readonly #channels: readonly Channel[];
  readonly #rowBytes: number;
  readonly #sourceHeight: number;
  readonly #lines: Reduction;
  readonly #columns: Reduction;
  readonly #before: number;
  readonly #after: number;
  /** Rows as they are made, of one cell. */
  readonly #made: Uint8Array;
  readonly #ring: Uint8Array;
  /** Which row of cells each place of the ring holds. */
  readonly #held = new Int32Array(RING_ROWS);
  readonly #places: Int32Array;
  readonly #lineWeights: Int16Array;
  readonly #mixed: Uint8Array;
  readonly #plane: Uint8Array;
  readonly #starts: Int32Array;
  readonly #columnWeights: Int16Array;
  readonly #result: Uint8Array;

  constructor(shape: string, rows: PictureRows, size: ImageSize, channels: readonly Channel[]) {
    this.shape = shape;
    this.#channels = channels;
    this.#rowBytes = planeBytes(rows.rowBytes);
    this.#sourceHeight = rows.height;
    this.#lines = planReduction(rows.height, size.height);
    this.#columns = planReduction(rows.width, size.width);
    const { starts, weights, cells } = this.#columns;
    this.#before = Math.max(0, -starts[0]!);
    this.#after = Math.max(0, starts[size.width - 1]! + TAPS - cells);
    const planeLength = this.#before + cells + this.#after;
    const resultBytes = size.width * channels.length;
    const rowCount = this.#lines.cell + RING_ROWS + 1;
    const bytes = rowCount * this.#rowBytes + planeLength + size.width * (4 + 2 * TAPS) + resultBytes;
    const memory = new KernelMemory(PIXEL_KERNEL, bytes + rows.scratchBytes + 8 * TAPS);
    this.#kernel = memory.kernel;
    this.#made = memory.bytes(this.#lines.cell * this.#rowBytes);
    this.#ring = memory.bytes(RING_ROWS * this.#rowBytes);
    this.#places = memory.wholeNumbers(TAPS);
    this.#lineWeights = memory.shortNumbers(TAPS);
    this.#mixed = memory.bytes(this.#rowBytes);
    this.#plane = memory.bytes(planeLength);
    this.#starts = memory.wholeNumbers(size.width);
    this.#columnWeights = memory.shortNumbers(size.width * TAPS);
    this.#result = memory.bytes(resultBytes);
    this.#starts.set(starts.map((start) => start + this.#before));
    this.#columnWeights.set(weights);
    this.space = rowSpace(memory, rows.scratchBytes);
  }

  /** Forgets the rows of the picture before. */
  begin(): void {
    this.#held.fill(-1);
  }

  makeRow(row: number, write: WriteRow, target: Uint8Array): void {
    const line = this.#mixLines(row, write);
    const { from, to, cell, taps } = this.#columns;
    const plane = this.#plane.byteOffset;
    const step = this.#channels.length;
    let last: Channel | undefined;
    for (let i = 0; i < step; i++) {
      const channel = this.#channels[i]!;
      const source = line + channel.at;
      const result = this.#result.byteOffset + i;
      if (cell === 1 && taps === 1) {
        this.#kernel.spreadColumns(source, channel.step, to, result, step);
        continue;
      }
      if (channel !== last) {
        this.#kernel.meanOfColumns(source, channel.step, from, cell, this.#before, this.#after, plane);
      }
      last = channel;
      this.#kernel.weighColumns(plane, this.#starts.byteOffset, this.#columnWeights.byteOffset, to, result, step);
    }
    target.set(this.#result, row * this.#result.length);
  }

  /** @returns where all columns of a row of the result are */
  #mixLines(row: number, write: WriteRow): number {
    const { starts, weights, taps, cells } = this.#lines;
    const first = starts[row]!;
    const clamp = (line: number) => Math.max(0, Math.min(cells - 1, line));
    for (let i = 0; i < taps; i++) this.#places[i] = this.#cellRow(clamp(first + i), write);
    if (taps === 1) return this.#places[0]!;
    if (taps % 2 === 1) this.#places[taps] = this.#places[0]!;
    this.#lineWeights.set(weights.subarray(row * TAPS, (row + 1) * TAPS));
    const { byteOffset } = this.#mixed;
    const pairs = Math.ceil(taps / 2);
    this.#kernel.weighRows(this.#places.byteOffset, this.#lineWeights.byteOffset, pairs, this.#rowBytes, byteOffset);
    return byteOffset;
  }

  /** @returns where a row of cells is; it is made if it is not there yet */
  #cellRow(line: number, write: WriteRow): number {
    const slot = line % RING_ROWS;
    const at = this.#ring.byteOffset + slot * this.#rowBytes;
    if (this.#held[slot] === line) return at;
    this.#held[slot] = line;
    const { cell } = this.#lines;
    if (cell === 1) {
      write(line, at);
      return at;
    }
    const made = this.#made.byteOffset;
    for (let i = 0; i < cell; i++) {
      write(Math.min(this.#sourceHeight - 1, line * cell + i), made + i * this.#rowBytes);
    }
    this.#kernel.meanOfRows(made, this.#rowBytes, cell, this.#rowBytes, at);
    return at;
  }
}
