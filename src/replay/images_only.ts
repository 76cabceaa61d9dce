import type { Bundle } from '../model/index.js';
import type { FrameSegmenter } from '../pipeline/index.js';

/** Stands in for the model where only the images of a frame matter: its masks are blank and cost nothing. */
export function imagesOnly({ input: { width, height } }: Pick<Bundle, 'input'>): FrameSegmenter {
  const blank = new Uint8Array(width * height);
  return {
    whenReady: () => Promise.resolve(),
    segment: ({ stamp, frameId, images }) =>
      Promise.resolve({
        stamp,
        frameId,
        width,
        height,
        labels: blank,
        confidence: blank,
        present: [...images.keys()],
        timings: { encodeMs: 0, headMs: 0, totalMs: 0 },
      }),
  };
}
