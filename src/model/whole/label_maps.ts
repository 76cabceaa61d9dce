import type { ImageSize } from '../../sensors/modality_image.js';
import { UNLABELED_ID } from '../manifest_fields.js';
import { type LabelledGrid, seen } from './label_scores.js';
import { gridOffset, type NetworkRecipe } from './recipe.js';

/** Class indices as they lie in an output, without dimensions of 1. */
export interface LabelMap extends ImageSize {
  data: ArrayLike<number> | BigInt64Array | BigUint64Array;
}

/** Lays a network's own class indices on the grid, by nearest neighbour where it gives fewer pixels than it takes. */
export function labelMap(map: LabelMap, recipe: NetworkRecipe, grid: ImageSize): LabelledGrid {
  const { values, step } = plainNumbers(map.data);
  const offset = gridOffset(grid, recipe);
  const columns = seen(grid.width, recipe.size.width, offset.x);
  const lines = seen(grid.height, recipe.size.height, offset.y);
  const labels = new Uint8Array(grid.width * grid.height).fill(UNLABELED_ID);
  const ids = Uint8Array.from({ length: 256 }, (_, index) => recipe.classIds[index] ?? UNLABELED_ID);
  const across = nearest(map.width, recipe.size.width, columns.first + offset.x, columns.count);
  const down = nearest(map.height, recipe.size.height, lines.first + offset.y, lines.count);
  for (let line = 0; line < lines.count; line++) {
    const from = down[line]! * map.width;
    const to = (lines.first + line) * grid.width + columns.first;
    for (let x = 0; x < columns.count; x++) {
      const index = values[(from + across[x]!) * step]!;
      // Ignored pixels come as -1, 255 or more: no class either way.
      labels[to + x] = index >= 0 && index < 256 ? ids[index]! : UNLABELED_ID;
    }
  }
  return { labels };
}

/** Pixels of a smaller line that are nearest to those of a larger one, centre to centre. */
function nearest(from: number, to: number, first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => Math.min(from - 1, Math.floor(((first + i + 0.5) * from) / to)));
}

/** Of 64 bits the lower half is enough, and is read without making a bigint of each pixel. */
function plainNumbers(data: LabelMap['data']): { values: ArrayLike<number>; step: number } {
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) return { values: data, step: 1 };
  return { values: new Int32Array(data.buffer, data.byteOffset, data.length * 2), step: 2 };
}
