import type { ImageSize, ModalityImage } from '../modality_image.js';
import type { Representation } from '../representation.js';

/** Where a sensor sees outlines, coarsely: what all sensors that look at one scene have in common. */
export interface EdgeMap extends ImageSize {
  /** Row-major; freed of its slow changes and scaled to length 1, 0 where nothing is known. All 0 where there is no outline. */
  values: Float32Array;
}

/** Columns of a map; its cells are squares. */
const COLUMNS = 80;
/** Contrast is taken by its logarithm, so that one lamp at night does not outweigh a street. */
const CONTRAST_SCALE = 4;
/** More events in a cell are as good as this. */
const MOST_EVENTS = 60;
/** What changes over more cells than this to each side is light, ground or weather, and no outline. */
const REACH = 4;
const UNKNOWN = -1;

/** Outlines of an image on the grid. */
export function edgeMap(image: ModalityImage, kind: Representation['kind']): EdgeMap {
  const cell = Math.max(1, Math.round(image.width / COLUMNS));
  const [width, height] = [Math.floor(image.width / cell), Math.floor(image.height / cell)];
  const isEvents = kind === 'polarity' || kind === 'counts-recency';
  const levels = isEvents
    ? cellLevels(image, cell, width, height, [1, 1, 0], 'counts')
    : kind === 'rgb'
      ? cellLevels(image, cell, width, height, [0.3, 0.59, 0.11], 'counts')
      : cellLevels(image, cell, width, height, [1, 0, 0], 'is-unknown');
  const edges = isEvents ? levels.map((level) => Math.min(MOST_EVENTS, level)) : contrasts(levels, width, height);
  return { width, height, values: unitLength(withoutSlowChanges(edges, width, height)) };
}

/**
 * Mean of some of each cell's pixels, four of them or a few more.
 * @param weights - of the channels
 * @param zero - what a pixel of 0 says
 */
function cellLevels(
  { data, width: pixels }: ModalityImage,
  cell: number,
  width: number,
  height: number,
  [red, green, blue]: readonly [number, number, number],
  zero: 'counts' | 'is-unknown',
): Float32Array {
  const levels = new Float32Array(width * height);
  const step = Math.max(1, cell >> 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      let count = 0;
      for (let j = 0; j < cell; j += step) {
        let at = 3 * ((y * cell + j) * pixels + x * cell);
        for (let i = 0; i < cell; i += step, at += 3 * step) {
          const level = red * data[at]! + green * data[at + 1]! + blue * data[at + 2]!;
          if (zero === 'is-unknown' && level === 0) continue;
          sum += level;
          count++;
        }
      }
      levels[y * width + x] = count === 0 ? UNKNOWN : sum / count;
    }
  }
  return levels;
}

/** Contrast between the neighbours left and right of each cell; unknown where one of them is. */
function contrasts(levels: Float32Array, width: number, height: number): Float32Array {
  const edges = new Float32Array(levels.length).fill(UNKNOWN);
  for (let y = 0; y < height; y++) {
    for (let x = 1; x < width - 1; x++) {
      const [left, right] = [levels[y * width + x - 1]!, levels[y * width + x + 1]!];
      if (left !== UNKNOWN && right !== UNKNOWN) {
        edges[y * width + x] = Math.log1p(Math.abs(right - left) / CONTRAST_SCALE);
      }
    }
  }
  return edges;
}

/** Takes the mean over the surroundings off each cell; the unknown ones become 0. */
function withoutSlowChanges(edges: Float32Array, width: number, height: number): Float32Array {
  // Sums over rectangles from the upper left corner, of values and of known cells.
  const stride = width + 1;
  const sums = new Float64Array(stride * (height + 1));
  const counts = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = edges[y * width + x]!;
      const isKnown = value !== UNKNOWN;
      const at = (y + 1) * stride + x + 1;
      sums[at] = sums[at - 1]! + sums[at - stride]! - sums[at - stride - 1]! + (isKnown ? value : 0);
      counts[at] = counts[at - 1]! + counts[at - stride]! - counts[at - stride - 1]! + (isKnown ? 1 : 0);
    }
  }
  const result = new Float32Array(edges.length);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [Math.max(0, y - REACH) * stride, Math.min(height, y + REACH + 1) * stride];
    for (let x = 0; x < width; x++) {
      const value = edges[y * width + x]!;
      if (value === UNKNOWN) continue;
      const [left, right] = [Math.max(0, x - REACH), Math.min(width, x + REACH + 1)];
      const over = (table: Float64Array) =>
        table[bottom + right]! - table[top + right]! - table[bottom + left]! + table[top + left]!;
      result[y * width + x] = value - over(sums) / over(counts);
    }
  }
  return result;
}

function unitLength(values: Float32Array): Float32Array {
  let squares = 0;
  for (const value of values) squares += value * value;
  if (squares === 0) return values;
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < values.length; i++) values[i]! *= scale;
  return values;
}

/** How well two maps lie on each other with the second moved right and down by whole cells: 1 for the same, 0 for nothing in common. */
export function correlation(a: EdgeMap, b: EdgeMap, right = 0, down = 0): number {
  const { width, height, values: first } = a;
  const { values: second } = b;
  let sum = 0;
  const [x0, x1] = [Math.max(0, right), Math.min(width, width + right)];
  for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
    let at = y * width + x0;
    let from = (y - down) * width + x0 - right;
    for (let x = x0; x < x1; x++) sum += first[at++]! * second[from++]!;
  }
  return sum;
}
