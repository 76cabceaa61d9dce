import { encodeGreyWebp, encodeWebp, packLabelImage } from './picture_codec.js';
import type { PublishedFrame } from './published_frame.js';
import type { ReportPicture } from './report_data.js';

const CAMERA = { quality: 68, maxWidth: 960 };
const SENSOR = { quality: 60, maxWidth: 480 };
const CONFIDENCE = { quality: 50, maxWidth: 480 };

/**
 * Encodes all that the report shows of a frame.
 * @param miou - 0..1, NaN without ground truth
 * @param onLoss - told why a picture that should be there is left out
 */
export async function makePicture(
  frame: PublishedFrame,
  { seconds, miou }: { seconds: number; miou: number },
  onLoss: (sentence: string) => void,
): Promise<ReportPicture> {
  const { segmentation, groundTruth, stretch, absent } = frame;
  const attempt = async <T>(make: (() => T | Promise<T>) | undefined): Promise<T | undefined> => {
    try {
      return await make?.();
    } catch (error) {
      // The mask is shown also where what it was made of cannot be.
      onLoss(`A picture is left out of the report: ${(error as Error).message}`);
      return undefined;
    }
  };
  const [cameraImage, views] = [await attempt(frame.camera), await attempt(frame.sensors)];
  const { confidence: confidenceMap } = segmentation;
  const [camera, mask, truth, confidence, sensors] = await Promise.all([
    cameraImage && encodeWebp(cameraImage, CAMERA),
    packLabelImage(segmentation),
    groundTruth && packLabelImage(groundTruth),
    confidenceMap && encodeGreyWebp(confidenceMap, segmentation, CONFIDENCE),
    Promise.all([...(views ?? [])].map(async ([name, view]) => [name, await encodeWebp(view, SENSOR)] as const)),
  ]);
  const { width, height } = cameraImage ?? segmentation;
  return {
    seconds,
    width,
    height,
    mask,
    sensors: Object.fromEntries(sensors),
    ...(camera && { camera }),
    ...(truth && { truth }),
    ...(confidence && { confidence }),
    ...(segmentation.routing && { routing: meanWeights(segmentation.routing) }),
    ...(!Number.isNaN(miou) && { miou: miou * 100 }),
    ...(stretch !== undefined && { stretch }),
    ...(frame.model?.name !== undefined && { model: frame.model.name }),
    present: [...segmentation.present],
    absent: Object.fromEntries(absent),
  };
}

function meanWeights(routing: ReadonlyMap<string, readonly number[]>): Record<string, number> {
  return Object.fromEntries(
    [...routing].map(([name, levels]) => [
      name,
      Number((levels.reduce((sum, weight) => sum + weight, 0) / Math.max(1, levels.length)).toFixed(4)),
    ]),
  );
}
