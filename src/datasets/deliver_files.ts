import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { byName, type DatasetFrame } from './dataset.js';

/** Cases in which a sensor fails, at the end of a sequence's name. */
const CASES = ['motionblur', 'overexposure', 'underexposure', 'lidarjitter', 'eventlowres'];
const LABEL_ENDING = '_semantic_front.png';

/** Folder and file name ending of a modality: `<folder>/…/<frame>_<suffix>_front.png`. */
export interface DeliverModality {
  name: string;
  folder: string;
  suffix: string;
}

/**
 * Lists the frames of a split in DELIVER's layout,
 * `ROOT/<folder>/<condition>/<split>/MAP_<n>_point<k>[_<case>]/<frame>_<suffix>_front.png`, in the order of their paths.
 * Condition, split and case are path parts below the root: the public loader searches the whole path for them, so that
 * it finds `rain` in `train` and any condition in the name of the root.
 * @throws Error in one sentence where the split has no frames
 */
export async function listDeliverFrames(
  root: string,
  split: string,
  modalities: readonly DeliverModality[],
): Promise<DatasetFrame[]> {
  const top = join(root, 'semantic');
  const splits = new Set<string>();
  const found: [condition: string, place: string, file: string][] = [];
  for (const condition of await list(top)) {
    for (const name of await list(join(top, condition))) splits.add(name);
    for (const place of await list(join(top, condition, split))) {
      for (const file of await list(join(top, condition, split, place))) {
        if (file.endsWith(LABEL_ENDING)) found.push([condition, place, file]);
      }
    }
  }
  if (found.length === 0) {
    const others = [...splits].filter((name) => name !== split).sort(byName);
    throw new Error(
      `Expected frames like ${join(top, '<condition>', split)}/MAP_*/*.png but found none. ` +
        (others.length > 0 ? `Name one of ${others.join(', ')} with --split.` : 'Check the folder.'),
    );
  }
  found.sort((a, b) => byName(a[0], b[0]) || byName(a[1], b[1]) || byName(a[2], b[2]));
  return found.map(([condition, place, file]) => {
    const stem = file.slice(0, -LABEL_ENDING.length);
    const below = join(condition, split, place);
    return {
      name: [condition, split, place, stem].join('/'),
      prediction: [condition, split, place, stem].join('/'),
      condition,
      case: caseOf(place),
      files: new Map(
        modalities.map(({ name, folder, suffix }) => [
          name,
          [join(root, folder, below, `${stem}_${suffix}_front.png`)],
        ]),
      ),
      label: join(top, below, file),
    };
  });
}

function caseOf(place: string): string {
  const last = place.slice(place.lastIndexOf('_') + 1);
  return CASES.includes(last) ? last : 'none';
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
