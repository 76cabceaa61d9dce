import type { ImageSize } from '../sensors/index.js';
import { DELIVER_CLASSES } from './classes.js';
import type { Dataset, DatasetFrame, DatasetModality } from './dataset.js';
import { type DeliverModality, listDeliverFrames } from './deliver_files.js';
import { requireFolders } from './folders.js';
import { checkSize, labelsAt, labelsFromOne, readLabels } from './labels.js';
import { readPicture, toRgb } from './picture.js';
import { resizeBilinear, resizeNearest } from './resample.js';

const STORED: ImageSize = { width: 1042, height: 1042 };
/** Size of the event pictures of the case `eventlowres`. */
const COARSE_EVENTS: ImageSize = { width: 512, height: 512 };
/** CMNeXt scores at this size (`tools/val_mm.py`: the shorter side is scaled to 1024, labels by nearest pixel). */
const SCORED: ImageSize = { width: 1024, height: 1024 };

type Kinds = readonly string[];

/** What DELIVER calls depth, and all published tables mean by it, is HHA in the folder `hha`. */
const MODALITIES: readonly (DeliverModality & { kinds: Kinds; dense: boolean })[] = [
  { name: 'camera', folder: 'img', suffix: 'rgb', kinds: ['rgb'], dense: true },
  { name: 'depth', folder: 'hha', suffix: 'depth', kinds: ['hha-published'], dense: true },
  { name: 'events', folder: 'event', suffix: 'event', kinds: ['polarity'], dense: false },
  { name: 'lidar', folder: 'lidar', suffix: 'lidar', kinds: ['range-intensity-height'], dense: false },
];

/**
 * DELIVER as published (arXiv 2303.01480): pictures of 1042 x 1042 pixels of all four modalities, which are read as they
 * are.
 * @throws Error in one sentence where a folder or the split is missing
 */
export async function openDeliver(root: string, split: string): Promise<Dataset> {
  await requireFolders('DELIVER', root, ['semantic', ...MODALITIES.map(({ folder }) => folder)]);
  const rule = labelsFromOne(DELIVER_CLASSES.length);
  return {
    kind: 'deliver',
    title: 'DELIVER',
    root,
    split,
    source: 'recording',
    classes: DELIVER_CLASSES,
    modalities: MODALITIES.map(({ name, kinds, dense }) => asPublished(name, kinds, dense)),
    frames: await listDeliverFrames(root, split, MODALITIES),
    notes: [],
    scoredAt: () => SCORED,
    savedAt: STORED,
    predictionPath: ({ prediction }) => `${prediction}.png`,
    readLabels: async (path, size) => labelsAt(await readLabels(path, rule, STORED), size),
  };
}

function asPublished(name: string, kinds: Kinds, dense: boolean): DatasetModality {
  return {
    name,
    gives: ({ kind }) => kinds.includes(kind),
    given: kinds.join(' or '),
    read: async (frame: DatasetFrame, size: ImageSize) => {
      const path = frame.files.get(name)![0]!;
      const picture = await readPicture(path);
      const isCoarse = name === 'events' && frame.case === 'eventlowres' && picture.width === COARSE_EVENTS.width;
      checkSize(picture, isCoarse ? COARSE_EVENTS : STORED, path);
      return (dense ? resizeBilinear : resizeNearest)(toRgb(picture), size).data;
    },
  };
}
