import { UNLABELED_ID } from '../model/index.js';
import type { ImageSize, Representation } from '../sensors/index.js';
import type { Dataset, DatasetModality } from './dataset.js';

/** What is asked of a bundle here: its manifest is enough. */
export interface MatchedBundle {
  name: string;
  input: ImageSize;
  modalities: readonly { name: string; representation: Representation }[];
  classes: readonly { id: number; name: string }[];
}

export interface MatchOptions {
  /** Modality of the data set by modality of the bundle, where names do not say it. */
  readonly inputs?: ReadonlyMap<string, string>;
  /** `id`: class ids mean the same whatever the names. */
  readonly classesBy?: 'name' | 'id';
}

/** How a bundle's inputs and classes follow from a data set's. */
export interface BundleMatch {
  /** In the bundle's order. */
  readonly inputs: readonly { name: string; representation: Representation; modality: DatasetModality }[];
  /** Class id of the data set by label of the bundle, 256 entries; 255 for what the data set has no class for. */
  readonly classOf: Uint8Array;
  /** What was found out and a reader must know, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Finds for each modality of a bundle that of a data set, by name or else by its representation, and for each class the
 * data set's, by name.
 * @throws Error in one sentence where the bundle wants what the data set does not have
 */
export function matchBundle(dataset: Dataset, bundle: MatchedBundle, options: MatchOptions = {}): BundleMatch {
  const notes: string[] = [];
  checkSizes(dataset, bundle);
  const inputs = bundle.modalities.map(({ name, representation }) => {
    const modality = modalityFor(dataset, name, representation, options.inputs?.get(name));
    if (modality.name !== name)
      notes.push(`Modality ${name} of the bundle is given ${modality.name} of ${dataset.title}.`);
    return { name, representation, modality };
  });
  for (const [name] of options.inputs ?? []) {
    if (bundle.modalities.some((modality) => modality.name === name)) continue;
    throw new Error(
      `Expected one of ${names(bundle.modalities)} for --input but received ${name}. Name a modality of the bundle.`,
    );
  }
  const unused = dataset.modalities.filter((modality) => !inputs.some((input) => input.modality === modality));
  if (unused.length > 0) notes.push(`The bundle has no use for ${names(unused)} of ${dataset.title}.`);
  const classOf = options.classesBy === 'id' ? byId(dataset, bundle) : byClassName(dataset, bundle, notes);
  return { inputs, classOf, notes };
}

function checkSizes({ imageSize, root }: Dataset, { input }: MatchedBundle): void {
  if (imageSize === undefined || (imageSize.width === input.width && imageSize.height === input.height)) return;
  throw new Error(
    `Expected pictures of ${input.width}x${input.height} in ${root}, as in the bundle, but received ` +
      `${imageSize.width}x${imageSize.height}. Use a bundle of this size.`,
  );
}

function modalityFor(dataset: Dataset, name: string, representation: Representation, asked?: string): DatasetModality {
  const wanted = asked ?? name;
  const named = dataset.modalities.find((modality) => modality.name === wanted);
  if (named?.gives(representation)) return named;
  if (named !== undefined) {
    throw new Error(
      `Expected the representation ${named.given} for ${name} in ${dataset.root} but the bundle has ` +
        `${JSON.stringify(representation)}. Use a bundle trained on this data.`,
    );
  }
  const fitting = asked === undefined ? dataset.modalities.filter((modality) => modality.gives(representation)) : [];
  if (fitting.length === 1) return fitting[0]!;
  throw new Error(
    `Expected one of ${names(dataset.modalities)} in ${dataset.root} for modality ${wanted} of the bundle but ` +
      `${fitting.length === 0 ? 'none gives' : `${names(fitting)} give`} ${JSON.stringify(representation)}. ` +
      'Name one with --input NAME=MODALITY.',
  );
}

function byId(dataset: Dataset, bundle: MatchedBundle): Uint8Array {
  const classOf = new Uint8Array(256).fill(UNLABELED_ID);
  const known = new Set(dataset.classes.map(({ id }) => id));
  for (const { id } of bundle.classes) if (known.has(id)) classOf[id] = id;
  return classOf;
}

function byClassName(dataset: Dataset, bundle: MatchedBundle, notes: string[]): Uint8Array {
  const classOf = new Uint8Array(256).fill(UNLABELED_ID);
  const ids = new Map(dataset.classes.map(({ id, name }) => [plain(name), id]));
  const foreign: string[] = [];
  for (const { id, name } of bundle.classes) {
    const own = ids.get(plain(name));
    if (own === undefined) foreign.push(name);
    else classOf[id] = own;
  }
  const lacking = dataset.classes.filter(({ id }) => !classOf.includes(id));
  if (lacking.length > 0 || dataset.classes.length === 0) {
    throw new Error(
      `Expected classes ${numbered(bundle.classes)} in ${dataset.root}, as in the bundle, but received ` +
        `${numbered(dataset.classes)}. Use a bundle that has ${names(lacking)}, or --classes-by id where its ids mean ` +
        'the same.',
    );
  }
  if (foreign.length > 0) {
    notes.push(
      `Pixels of the bundle's classes ${foreign.join(', ')} count as missed: ${dataset.title} has none of them.`,
    );
  }
  return classOf;
}

/** `traffic light`, `Traffic_Light` and `TrafficLight` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function names(items: readonly { name: string }[]): string {
  return items.map(({ name }) => name).join(', ');
}

function numbered(items: readonly { id: number; name: string }[]): string {
  return items.map(({ id, name }) => `${id} ${name}`).join(', ');
}
