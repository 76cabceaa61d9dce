import type { BagInfo } from '../bags/index.js';
import { IGNORE_LABEL } from '../evaluation/index.js';
import { type Bundle, classCountOf } from '../model/index.js';
import { SIMULATED_CLASSES } from '../simulation/classes.js';
import { isSimulated } from './replay_topics.js';

/** How a bag's label images read in the classes of a model. */
export interface TruthClasses {
  /** Ids from here on up to 254 are no class of the model. */
  classCount: number;
  /** By id in the bag the model's id, or 255 for what the model has no class for; absent where they are the same. */
  truthTable?: Uint8Array;
  /** What a reader of the scores must know. */
  note?: string;
}

/**
 * A simulated bag's classes are known, and are matched by name; those of a recording are taken to be the model's.
 * @param info - of the bag
 */
export function truthClasses(bundle: Pick<Bundle, 'name' | 'classes'>, info: BagInfo): TruthClasses {
  const classCount = classCountOf(bundle);
  if (!isSimulated(info)) return { classCount };
  const ids = new Map(bundle.classes.map(({ id, name }) => [plain(name), id]));
  const truthTable = Uint8Array.from({ length: 256 }, (_, id) => id);
  for (const { id, name } of SIMULATED_CLASSES) truthTable[id] = ids.get(plain(name)) ?? IGNORE_LABEL;
  if (SIMULATED_CLASSES.every(({ id }) => truthTable[id] === id)) return { classCount };
  const lacking = SIMULATED_CLASSES.filter(({ id }) => truthTable[id] === IGNORE_LABEL).map(({ name }) => name);
  const lost =
    lacking.length === 0 ? '' : ` Pixels of ${lacking.join(', ')} are not scored: the model has no such class.`;
  const note = `The classes of the simulated ground truth are matched with those of ${bundle.name} by name.${lost}`;
  return { classCount, truthTable, note };
}

/** `traffic light`, `Traffic_Light` and `TrafficLight` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
