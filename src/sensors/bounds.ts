import type { ImageSize } from './modality_image.js';

/**
 * The most that one message may claim to hold. A few bytes can claim any size, so what is beyond any sensor on a robot
 * is refused before memory is taken for it. Each bound is several times what the largest sensors of its kind deliver,
 * and keeps the cost of one message below some 200 MB and the event loop below 50 ms at a time.
 */
export const BOUNDS = {
  /** No picture is wider or higher: a row is worked off in one go. The widest line cameras have 16,384 pixels. */
  side: 16_384,
  /** Camera pictures: 32 megapixels, four times 4K UHD. As RGB that is 100 MB. */
  picturePixels: 32 * 1024 * 1024,
  /** Depth pictures: DCI 4K, three times the largest stereo cameras (2208 x 1242). As metres that is 35 MB. */
  depthPixels: 4096 * 2160,
  /** Event sensors: all that 11-bit coordinates reach, four times the largest (1280 x 720). It is kept as a table. */
  eventSensorPixels: 2048 * 2048,
  /** Events of one packet: 20 ms of the fastest sensors at their limit of 50 million a second. */
  packetEvents: 1024 * 1024,
  /** Bytes of one packet: as many events at the eight bytes of the plainest encodings. */
  packetBytes: 8 * 1024 * 1024,
  /** Points of one cloud: sixteen times the densest LiDARs (262,144), for clouds that were merged or accumulated. */
  cloudPoints: 4 * 1024 * 1024,
  /** Fields of one point: the richest drivers have a dozen. */
  cloudFields: 64,
  /** Transforms of one TFMessage: the largest humanoids have some hundred links. */
  transforms: 5000,
  /** Frames known at a time. */
  frames: 10_000,
  /** Frames from one up to its root: arms on mobile bases have some thirty. */
  frameLevels: 200,
  /** Poses kept of one moving frame: the 10 s of history at 400 Hz. */
  poses: 4096,
} as const;

/**
 * @param what - what is measured, as it stands behind the size: `a picture`
 * @returns what is wrong with a size, in a sentence, or undefined
 */
export function sizeProblem({ width, height }: ImageSize, maxPixels: number, what: string): string | undefined {
  const isPossible = width >= 1 && height >= 1 && width <= BOUNDS.side && height <= BOUNDS.side;
  if (isPossible && width * height <= maxPixels) return undefined;
  return (
    `Expected ${what} of 1 to ${maxPixels} pixels (at most ${BOUNDS.side} a side) but received ${width}x${height}. ` +
    'Scale it down at its driver.'
  );
}
