import type { Bundle } from './bundle.js';
import { UNLABELED_ID } from './manifest.js';

/** How a model's labels read in the classes of another one. */
export interface ClassMap {
  /** By label the label to write; undefined where they are the same. */
  table: Uint8Array | undefined;
  /** Classes the other model lacks: their pixels are unlabeled. */
  unlabeled: readonly string[];
}

/** Maps classes by their names. */
export function mapClasses(from: Pick<Bundle, 'classes'>, to: Pick<Bundle, 'classes'>): ClassMap {
  const ids = new Map(to.classes.map(({ id, name }) => [name, id]));
  const table = new Uint8Array(256).fill(UNLABELED_ID);
  for (const { id, name } of from.classes) table[id] = ids.get(name) ?? UNLABELED_ID;
  const isSame = from.classes.every(({ id }) => table[id] === id);
  const unlabeled = from.classes.filter(({ name }) => !ids.has(name)).map(({ name }) => name);
  return { table: isSame ? undefined : table, unlabeled };
}
