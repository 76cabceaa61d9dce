import sharp from 'sharp';
import type { ImageSize } from '../../sensors/modality_image.js';
import type { Representation } from '../../sensors/representation.js';
import { ImportError } from './import_error.js';

/**
 * A picture with what networks react to: sky, road, blocks of all colours, edges and noise. A function of its arguments,
 * so that the same import makes the same bundle.
 * @returns [height,width,3]
 */
export function syntheticImage({ width, height }: ImageSize, seed: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  const side = Math.max(8, Math.round(width / 12));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const block = hash(Math.floor(x / side), Math.floor(y / side), seed);
      const shade = y < height / 2 ? 200 - (120 * y) / height : 60 + (60 * y) / height;
      for (let c = 0; c < 3; c++) {
        const patch =
          block % 3 === 0 ? (block >>> (8 + 8 * (c % 3))) & 0xff : shade + 25 * ((c - 1) * (y < height / 2 ? 1 : -0.3));
        const noise = (hash(x, y, seed + c) & 31) - 16;
        data[(y * width + x) * 3 + c] = Math.min(255, Math.max(0, patch + noise));
      }
    }
  }
  return data;
}

/**
 * Images for the golden sample, one for each modality: the camera's from a picture if there is one.
 * @throws {ImportError} where the picture cannot be read
 */
export async function goldenImages(
  representations: readonly Representation[],
  size: ImageSize,
  picture: string | undefined,
): Promise<Uint8Array[]> {
  const camera = representations.findIndex(({ kind }) => kind === 'rgb');
  const images = representations.map((_, index) => syntheticImage(size, index + 1));
  if (picture !== undefined && camera >= 0) images[camera] = await readPicture(picture, size);
  return images;
}

async function readPicture(path: string, { width, height }: ImageSize): Promise<Uint8Array> {
  try {
    const pixels = sharp(path).removeAlpha().toColourspace('srgb').resize(width, height, { fit: 'fill' });
    return new Uint8Array(await pixels.raw().toBuffer());
  } catch (cause) {
    const advice = 'Leave it out: an artificial picture is used then.';
    throw new ImportError('a picture', `--golden ${path}`, (cause as Error).message, advice, { cause });
  }
}

/** A well-mixed whole number of 32 bits. */
function hash(x: number, y: number, seed: number): number {
  let value = (x * 374761393 + y * 668265263 + seed * 2246822519) | 0;
  value = Math.imul(value ^ (value >>> 13), 1274126177);
  return (value ^ (value >>> 16)) >>> 0;
}
