import { publishedClasses } from '../model/import/index.js';
import type { DatasetClass } from './dataset.js';

function classes(list: Parameters<typeof publishedClasses>[0]): readonly DatasetClass[] {
  return publishedClasses(list).map(({ name }, id) => ({ id, name }));
}

/** Class table of the loader of DELIVER, in order of ids. */
export const DELIVER_CLASSES = classes('deliver');
/** Cityscapes' 19 training classes, which MUSES has, in order of training ids. */
export const CITYSCAPES_CLASSES = classes('cityscapes');
/** Class table of the multimodal material segmentation code. */
export const MCUBES_CLASSES = classes('mcubes');
