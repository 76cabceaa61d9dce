import { dirname, join } from 'node:path';
import { IGNORE_LABEL } from '../evaluation/index.js';
import type { LabelImage } from '../report/index.js';
import { encodeDepth, type ImageSize, type Representation } from '../sensors/index.js';
import { byName, type Dataset, type DatasetClass, type DatasetFrame, type DatasetModality } from './dataset.js';
import { type FolderDescription, parseColour, readFolderDescription } from './folder_schema.js';
import { isFile } from './folders.js';
import type { FrameKey } from './frame_pattern.js';
import { colourKey, type LabelRule, labelsAt, readColourLabels, readLabels } from './labels.js';
import { type Picture, pickChannels, readPicture, toRgb } from './picture.js';
import { resizeBilinear, resizeNearest } from './resample.js';

export const FOLDER_DESCRIPTION = 'dataset.yaml';
const LARGEST_VALUE = 65_535;

type FolderModality = FolderDescription['modalities'][string];

/**
 * Any data set of picture files, described by a `dataset.yaml`: the files of labels and modalities by pattern, the
 * meaning of label values, classes.
 * @param path - the description, or the folder it lies in
 * @throws Error in one sentence where the description is wrong or the split has no frames
 */
export async function openFolder(path: string, split: string): Promise<Dataset> {
  const isDescription = await isFile(path);
  const description = isDescription ? path : join(path, FOLDER_DESCRIPTION);
  const root = isDescription ? dirname(path) : path;
  const set = await readFolderDescription(description);
  const classes = set.classes.map((entry, index) => (typeof entry === 'string' ? { id: index, name: entry } : entry));
  const read = labelReader(set, classes);
  return {
    kind: 'folder',
    title: set.name,
    root,
    split,
    source: set.source,
    classes,
    modalities: Object.entries(set.modalities).map(([name, modality]) => folderModality(name, modality)),
    frames: await listFrames(root, split, set, description),
    descriptions: [description],
    notes: [],
    scoredAt: () => set.evaluation,
    predictionPath: ({ prediction }) => `${prediction}.png`,
    readLabels: async (file, size) => labelsAt(await read(file), size),
  };
}

async function listFrames(
  root: string,
  split: string,
  set: FolderDescription,
  description: string,
): Promise<DatasetFrame[]> {
  const { files } = set.labels;
  const given = new Map(files.names.includes('split') ? [['split', split]] : []);
  const found = await files.find(root, given);
  const frames: DatasetFrame[] = [];
  for (const { path, key } of found) {
    if (!(await isFile(path))) continue;
    const entries = Object.entries(set.modalities).map(async ([name, modality]) => {
      const fitting = await modality.files.find(root, key);
      return [name, fitting.map((each) => each.path)] as const;
    });
    const name = files.names.length === 0 ? path : [...key.values()].join('/');
    frames.push({
      name,
      prediction: name,
      condition: filled(set.condition, key),
      case: filled(set.case, key),
      files: new Map(await Promise.all(entries)),
      label: path,
    });
  }
  if (frames.length > 0) return frames.sort((a, b) => byName(a.name, b.name));
  const splits = new Set((await files.find(root, new Map())).map(({ key }) => key.get('split')));
  splits.delete(undefined);
  throw new Error(
    `Expected label files like ${files.text} of split '${split}' below ${root} but found none. ` +
      (splits.size > 0
        ? `Name one of ${[...splits].join(', ')} with --split.`
        : `Check labels.files in ${description}.`),
  );
}

function filled(template: string, key: FrameKey): string {
  return template.replace(/\{([^}]*)\}/g, (whole, name: string) => key.get(name) ?? whole);
}

/** How a label file is read: by values, or by colours. */
function labelReader(set: FolderDescription, classes: readonly DatasetClass[]): (path: string) => Promise<LabelImage> {
  const { colours, unlisted } = set.labels;
  if (colours === undefined) {
    const rule = labelRule(set, classes);
    return (path) => readLabels(path, rule);
  }
  const meaning = Object.entries(colours).map(
    ([colour, id]) => [colourKey(...parseColour(colour)!), id === 'ignore' ? IGNORE_LABEL : id] as const,
  );
  const rule = { colours: new Map(meaning), unlisted: unlisted === 'ignore' ? IGNORE_LABEL : undefined };
  return (path) => readColourLabels(path, rule);
}

function labelRule(
  { labels: { map, ignore, unlisted } }: FolderDescription,
  classes: readonly DatasetClass[],
): LabelRule {
  const meaning = new Array<number | undefined>(LARGEST_VALUE + 1).fill(
    unlisted === 'ignore' ? IGNORE_LABEL : undefined,
  );
  if (map === undefined) for (const { id } of classes) meaning[id] = id;
  for (const [value, id] of Object.entries(map ?? {})) meaning[Number(value)] = id === 'ignore' ? IGNORE_LABEL : id;
  for (const value of ignore) meaning[value] = IGNORE_LABEL;
  const listed = map === undefined ? classes.map(({ id }) => id) : Object.keys(map).map(Number);
  return { meaning, expected: `${ranges([...listed, ...ignore])}` };
}

/** `0..18, 255` */
function ranges(values: readonly number[]): string {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const parts: [first: number, last: number][] = [];
  for (const value of sorted) {
    const open = parts.at(-1);
    if (open !== undefined && open[1] === value - 1) open[1] = value;
    else parts.push([value, value]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}..${last}`)).join(', ');
}

function folderModality(name: string, modality: FolderModality): DatasetModality {
  const { channels, metresPerLevel, sparse } = modality;
  const named = modality.representation === undefined ? undefined : [modality.representation].flat();
  const kinds = named ?? (metresPerLevel === undefined ? undefined : ['inverse', 'linear']);
  return {
    name,
    // Pictures of one's own may stand for anything that has their name.
    gives: ({ kind }) => kinds?.includes(kind) ?? true,
    given: kinds?.join(' or ') ?? 'any',
    read: async (frame, size, representation) => {
      const path = onlyFile(frame, name, modality);
      const stored = await readPicture(path);
      const picture = channels === undefined ? stored : pickChannels(stored, channels, path);
      if (metresPerLevel !== undefined) return depthImage(picture, metresPerLevel, size, representation, name);
      return (sparse ? resizeNearest : resizeBilinear)(toRgb(picture), size).data;
    },
  };
}

/** @throws Error in one sentence where a frame has no file of a modality, or several */
function onlyFile(frame: DatasetFrame, name: string, { files }: FolderModality): string {
  const found = frame.files.get(name)!;
  if (found.length === 1) return found[0]!;
  throw new Error(
    `Expected one file like ${files.text} for ${name} of ${frame.name} but found ${found.length}. ` +
      'Check the pattern in the description.',
  );
}

/** Distances by nearest pixel, as those at an edge may not be mixed, in the bundle's representation. */
async function depthImage(
  { width, height, channels, data }: Picture,
  metresPerLevel: number,
  size: ImageSize,
  representation: Representation,
  name: string,
): Promise<Uint8Array> {
  if (representation.kind !== 'inverse' && representation.kind !== 'linear') {
    throw new Error(
      `Expected representation inverse or linear for ${name} but received '${representation.kind}'. ` +
        'Distances alone give no other: leave out metresPerLevel and give pictures of that kind.',
    );
  }
  const metres = new Float32Array(size.width * size.height);
  for (let y = 0, i = 0; y < size.height; y++) {
    const row = Math.floor(((2 * y + 1) * height) / (2 * size.height)) * width;
    for (let x = 0; x < size.width; x++, i++) {
      const column = Math.floor(((2 * x + 1) * width) / (2 * size.width));
      metres[i] = data[(row + column) * channels]! * metresPerLevel;
    }
  }
  return encodeDepth({ ...size, metres }, representation);
}
