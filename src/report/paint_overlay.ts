import type { RawMessage } from '../messages/index.js';
import { inRowSlices } from '../sensors/in_slices.js';
import { decodePicture, type ImageSize } from '../sensors/index.js';
import { type ColourTable, NO_PICTURE, type RgbImage, renderOverlay } from './overlay.js';

/** Pixels that are painted in two milliseconds on a desktop processor. */
const PIXELS_PER_SLICE = 400_000;

/**
 * Paints a mask over the picture it was made from, or over an even grey where the camera is gone.
 * @param labels - class ids of the given size
 * @param cameraModality - whose picture it is
 */
export async function paintOverlay(
  { messages, images }: { messages: ReadonlyMap<string, RawMessage>; images: ReadonlyMap<string, unknown> },
  cameraModality: string | undefined,
  { size, labels, colours, opacity }: { size: ImageSize; labels: Uint8Array; colours: ColourTable; opacity: number },
): Promise<RgbImage> {
  const { width, height } = size;
  const message = cameraModality === undefined ? undefined : messages.get(cameraModality);
  const isPresent = cameraModality !== undefined && images.has(cameraModality);
  const camera =
    (message && isPresent && (await pictureOf(message, size))) || new Uint8Array(width * height * 3).fill(NO_PICTURE);
  const painted = new Uint8Array(width * height * 3);
  await inRowSlices(size, PIXELS_PER_SLICE, (from, to) => {
    const slice = { width, height: to - from };
    const picture = { ...slice, data: camera.subarray(from * width * 3, to * width * 3) };
    const mask = { ...slice, labels: labels.subarray(from * width, to * width) };
    painted.set(renderOverlay(picture, mask, colours, opacity).data, from * width * 3);
  });
  return { width, height, data: painted };
}

/** The camera's picture once more, at the size of the overlay; the model has seen a smaller one. */
async function pictureOf(message: RawMessage, size: ImageSize): Promise<Uint8Array | undefined> {
  const picture = await decodePicture(message, size);
  return picture.kind === 'rgb' ? picture.data : undefined;
}
