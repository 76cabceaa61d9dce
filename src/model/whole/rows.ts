import { halfTable } from './half.js';
import type { ScoreLayout } from './recipe.js';

/** A network's scores as they lie in its output. */
export interface ScoreVolume {
  data: ArrayLike<number>;
  width: number;
  height: number;
  /** Scores of a pixel; one alone is the score of the second of two classes. */
  channels: number;
  layout: ScoreLayout;
}

/** Numbers of a row with all its channels. */
export function rowLength(width: number, channels: number): number {
  return width * Math.max(2, channels);
}

/**
 * Hands out a volume row by row as floats [channels, width], whatever its layout and type. A single score s becomes two: 0 and s as logits, 1 - s and s as probabilities.
 */
export class RowSource {
  readonly channels: number;
  readonly #width: number;
  readonly #rows: readonly [Float32Array, Float32Array];
  readonly #held: [number, number] = [-1, -1];
  readonly #opposite: 'zero' | 'rest';
  #volume!: ScoreVolume;

  /** @param rows - room for two rows, of {@link rowLength} each */
  constructor(width: number, channels: number, opposite: 'zero' | 'rest', rows: readonly [Float32Array, Float32Array]) {
    this.#width = width;
    this.#opposite = opposite;
    this.channels = Math.max(2, channels);
    this.#rows = rows;
  }

  /** Begins with another volume of the same shape. */
  open(volume: ScoreVolume): void {
    this.#volume = volume;
    this.#held[0] = -1;
    this.#held[1] = -1;
  }

  /** Valid until the row after the next one is asked for. */
  row(y: number): Float32Array {
    const slot = y & 1;
    const row = this.#rows[slot]!;
    if (this.#held[slot] === y) return row;
    this.#held[slot] = y;
    this.#read(y, row);
    return row;
  }

  #read(y: number, row: Float32Array): void {
    const { data, height, layout, channels } = this.#volume;
    const width = this.#width;
    const isPlanar = layout.endsWith('CHW');
    const halves = data instanceof Uint16Array ? halfTable() : undefined;
    const single = channels === 1 ? 1 : 0;
    for (let c = 0; c < channels; c++) {
      const to = (c + single) * width;
      const from = isPlanar ? (c * height + y) * width : y * width * channels + c;
      const step = isPlanar ? 1 : channels;
      if (halves !== undefined) for (let x = 0; x < width; x++) row[to + x] = halves[data[from + x * step]!]!;
      else if (isPlanar && data instanceof Float32Array) row.set(data.subarray(from, from + width), to);
      else for (let x = 0; x < width; x++) row[to + x] = data[from + x * step]!;
    }
    if (single === 1) for (let x = 0; x < width; x++) row[x] = this.#opposite === 'zero' ? 0 : 1 - row[width + x]!;
  }
}
