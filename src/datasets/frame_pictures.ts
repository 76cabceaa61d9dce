import { join } from 'node:path';
import sharp from 'sharp';
import { resizeLabelsNearest } from '../evaluation/index.js';
import type { LabelImage, RgbImage } from '../report/index.js';
import type { ImageSize } from '../sensors/index.js';
import { mapped, positions } from './class_positions.js';
import type { Dataset, DatasetFrame } from './dataset.js';

/** A frame for a person to look at, all at one size; labels are positions in the data set's list of classes. */
export interface FramePictures extends ImageSize {
  /** Absent where the set has no camera. */
  camera?: RgbImage;
  mask: LabelImage;
  truth: LabelImage;
}

/**
 * Reads a frame's picture and labels, and the mask that a run saved of it.
 * @param predictions - the folder of {@link PredictionFolder}
 * @param width - of what is returned, where the set's images come in more than one size
 * @throws Error in one sentence where one of the files cannot be read
 */
export async function readFramePictures(
  dataset: Dataset,
  frame: DatasetFrame,
  predictions: string,
  width: number,
): Promise<FramePictures> {
  if (frame.label === undefined) throw new Error(`Expected labels of frame ${frame.name} but the set has none.`);
  const truth = await dataset.readLabels(frame.label, 'as-stored');
  const size = dataset.imageSize ?? { width, height: Math.round((width * truth.height) / truth.width) };
  const position = positions(dataset);
  const shown = (image: LabelImage): LabelImage => ({
    ...size,
    labels: mapped(resizeLabelsNearest(image.labels, image, size), position),
  });
  const modality = dataset.modalities.find(({ gives }) => gives({ kind: 'rgb' }));
  const camera = await modality?.read(frame, size, { kind: 'rgb' });
  return {
    ...size,
    ...(camera && { camera: { ...size, data: camera } }),
    mask: shown(await readMask(join(predictions, dataset.predictionPath(frame)))),
    truth: shown(truth),
  };
}

async function readMask(path: string): Promise<LabelImage> {
  try {
    const { data, info } = await sharp(path).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== 1) throw new Error(`it has ${info.channels} channels`);
    return { width: info.width, height: info.height, labels: new Uint8Array(data) };
  } catch (cause) {
    throw new Error(`Expected a saved mask at ${path} but could not read it: ${(cause as Error).message}.`);
  }
}
