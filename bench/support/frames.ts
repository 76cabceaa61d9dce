import type { Bundle } from '../../src/model/index.js';
import type { ModalityImage } from '../../src/sensors/modality_image.js';
import type { FrameSet } from '../../src/sync/frame_set.js';

export function frameSet(images: readonly ModalityImage[]): FrameSet {
  const byName = new Map(images.map((image) => [image.modality, image]));
  return { stamp: 0n, frameId: 'bench', images: byName, absent: new Map() };
}

/** Repeatable noise in blocks of 16 pixels, which exercises a network more like a picture than white noise does. */
export function noiseImage(
  { input: { width, height } }: Pick<Bundle, 'input'>,
  modality: string,
  seed: number,
): ModalityImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    data[i] = Math.imul((x >> 4) * 73 + (y >> 4) * 179 + (i % 3) * 31 + seed * 7, 2654435761) >>> 24;
  }
  return { modality, stamp: 0n, width, height, data, quality: { kind: 'good' } };
}
