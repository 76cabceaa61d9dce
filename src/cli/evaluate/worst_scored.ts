import { type Dataset, openDataset, readFramePictures } from '../../datasets/index.js';
import { scores, totalOf } from '../../evaluation/index.js';
import { colourTable, encodeWebp, pictureUnder, renderOverlay, type WorstScored } from '../../report/index.js';
import type { EvaluationPart } from './evaluation_part.js';

/** Frames with the lowest scores that a page shows. */
const SHOWN = 8;
const WIDTH = 480;
const OPACITY = 0.6;

/**
 * The frames with the lowest scores, with pictures where their masks were saved.
 * @param predictions - where masks are, if not where the part says
 * @returns `because`: why there are no pictures, though masks were saved
 */
export async function worstScored(
  part: EvaluationPart,
  predictions = part.predictions,
): Promise<{ frames: WorstScored[]; because?: string }> {
  const { unit, dataset: origin, colours } = part;
  const frames = unit.frames
    .map((frame): WorstScored => {
      const { miou } = scores(totalOf([frame], unit.classes.length), 'left-out');
      const { name, condition, case: failure } = frame;
      return { name, condition, case: failure, miou: Number.isNaN(miou) ? null : 100 * miou };
    })
    .filter(({ miou }) => miou !== null)
    .sort((a, b) => a.miou! - b.miou! || (a.name < b.name ? -1 : 1))
    .slice(0, SHOWN);
  if (predictions === undefined) return { frames };
  try {
    const dataset = await openDataset(unit.dataset.kind as Dataset['kind'], origin.root, unit.dataset.split);
    const table = colourTable(unit.classes.map((name, id) => ({ id, name, color: colours[id]! })));
    const shown: WorstScored[] = [];
    for (const frame of frames) {
      const found = dataset.frames.find(({ name }) => name === frame.name);
      if (found === undefined) throw new Error(`Expected frame ${frame.name} in ${origin.root} but it is gone.`);
      const { camera, mask, truth } = await readFramePictures(dataset, found, predictions, WIDTH);
      const under = pictureUnder(new Map(camera && [['camera', camera]]), 'camera', mask);
      const [maskPicture, truthPicture] = await Promise.all(
        [mask, truth].map((labels) => encodeWebp(renderOverlay(under, labels, table, OPACITY), { quality: 70 })),
      );
      shown.push({ ...frame, pictures: { mask: maskPicture!, truth: truthPicture! } });
    }
    return { frames: shown };
  } catch (error) {
    return { frames, because: (error as Error).message };
  }
}
