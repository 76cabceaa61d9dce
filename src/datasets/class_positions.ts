import { IGNORE_LABEL } from '../evaluation/index.js';
import type { Dataset } from './dataset.js';

/** Position in a data set's list of classes by class id, 255 for what is none. */
export function positions({ classes }: Pick<Dataset, 'classes'>): Uint8Array {
  const position = new Uint8Array(256).fill(IGNORE_LABEL);
  classes.forEach(({ id }, index) => {
    position[id] = index;
  });
  return position;
}

/** Labels looked up in one table after the other. */
export function mapped(labels: Uint8Array, ...tables: readonly Uint8Array[]): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, value) => tables.reduce((id, each) => each[id]!, value));
  const result = new Uint8Array(labels.length);
  for (let i = 0; i < result.length; i++) result[i] = table[labels[i]!]!;
  return result;
}
