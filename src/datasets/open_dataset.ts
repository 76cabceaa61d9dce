import { join } from 'node:path';
import type { Dataset, DatasetKind } from './dataset.js';
import { openDeliver } from './deliver.js';
import { DESCRIPTION, openDescribed } from './described.js';
import { FOLDER_DESCRIPTION, openFolder } from './folder.js';
import { isFile, isFolder } from './folders.js';
import { openMcubes } from './mcubes.js';
import { openMuses } from './muses.js';

/** What lies in the root of each published set. */
const MARKS: Readonly<Record<Exclude<DatasetKind, 'folder'>, readonly string[]>> = {
  muses: ['calib.json', 'meta.json'],
  mcubes: ['list_folder', 'polL_color'],
  deliver: ['img', 'semantic'],
};

/** Finds out from its layout which data set lies at a path; undefined where none does, as in the folder of a bag. */
export async function recogniseDataset(path: string): Promise<DatasetKind | undefined> {
  if (/\.ya?ml$/i.test(path) && (await isFile(path))) return 'folder';
  if (!(await isFolder(path))) return undefined;
  if (await isFile(join(path, DESCRIPTION))) return 'deliver';
  for (const [kind, marks] of Object.entries(MARKS)) {
    const found = await Promise.all(
      marks.map(async (mark) => (await isFile(join(path, mark))) || isFolder(join(path, mark))),
    );
    if (found.every(Boolean)) return kind as DatasetKind;
  }
  return (await isFile(join(path, FOLDER_DESCRIPTION))) ? 'folder' : undefined;
}

/**
 * Opens a split of a data set: lists its frames and reads its calibration, but no frame.
 * @throws Error in one sentence where the root is no such set, or the split is missing
 */
export async function openDataset(kind: DatasetKind, root: string, split: string): Promise<Dataset> {
  switch (kind) {
    case 'deliver':
      return (await isFile(join(root, DESCRIPTION))) ? openDescribed(root, split) : openDeliver(root, split);
    case 'muses':
      return openMuses(root, split);
    case 'mcubes':
      return openMcubes(root, split);
    case 'folder':
      return openFolder(root, split);
  }
}
