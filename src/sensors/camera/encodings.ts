/** Colour of the top left pixel and its right neighbour and the row below, as ROS spells it. */
export type BayerPattern = 'rggb' | 'bggr' | 'gbrg' | 'grbg';

/** How the bytes of a `sensor_msgs/Image` that shows a picture are laid out. */
export type PixelLayout =
  /** Channels side by side; red, green and blue are the positions within a pixel, alpha is left out. */
  | { kind: 'colour'; bits: 8 | 16; channels: 3 | 4; red: 0 | 2 }
  | { kind: 'grey'; bits: 8 | 16 }
  | { kind: 'bayer'; bits: 8 | 16; pattern: BayerPattern }
  /** YUV 4:2:2, two pixels in four bytes; `luma` is the position of the first pixel's Y. */
  | { kind: 'packed-yuv'; luma: 0 | 1 }
  /** A plane of Y, then one of interleaved chroma; `u` is the position of U in it. */
  | { kind: 'planar-yuv'; subsampling: 1 | 2; u: 0 | 1 };

/**
 * The encodings of sensor_msgs/image_encodings.hpp a camera can have. The nameless OpenCV types mean what cv_bridge's
 * users mean by them: three channels are BGR.
 */
const LAYOUTS: ReadonlyMap<string, PixelLayout> = new Map<string, PixelLayout>([
  ['rgb8', { kind: 'colour', bits: 8, channels: 3, red: 0 }],
  ['bgr8', { kind: 'colour', bits: 8, channels: 3, red: 2 }],
  ['8UC3', { kind: 'colour', bits: 8, channels: 3, red: 2 }],
  ['rgba8', { kind: 'colour', bits: 8, channels: 4, red: 0 }],
  ['bgra8', { kind: 'colour', bits: 8, channels: 4, red: 2 }],
  ['8UC4', { kind: 'colour', bits: 8, channels: 4, red: 2 }],
  ['rgb16', { kind: 'colour', bits: 16, channels: 3, red: 0 }],
  ['bgr16', { kind: 'colour', bits: 16, channels: 3, red: 2 }],
  ['16UC3', { kind: 'colour', bits: 16, channels: 3, red: 2 }],
  ['rgba16', { kind: 'colour', bits: 16, channels: 4, red: 0 }],
  ['bgra16', { kind: 'colour', bits: 16, channels: 4, red: 2 }],
  ['16UC4', { kind: 'colour', bits: 16, channels: 4, red: 2 }],
  ['mono8', { kind: 'grey', bits: 8 }],
  ['8UC1', { kind: 'grey', bits: 8 }],
  ['8UC', { kind: 'grey', bits: 8 }],
  ['mono16', { kind: 'grey', bits: 16 }],
  ['16UC1', { kind: 'grey', bits: 16 }],
  ['16UC', { kind: 'grey', bits: 16 }],
  ...(['rggb', 'bggr', 'gbrg', 'grbg'] as const).flatMap((pattern): [string, PixelLayout][] => [
    [`bayer_${pattern}8`, { kind: 'bayer', bits: 8, pattern }],
    [`bayer_${pattern}16`, { kind: 'bayer', bits: 16, pattern }],
  ]),
  ['uyvy', { kind: 'packed-yuv', luma: 1 }],
  ['yuv422', { kind: 'packed-yuv', luma: 1 }],
  ['yuyv', { kind: 'packed-yuv', luma: 0 }],
  ['yuv422_yuy2', { kind: 'packed-yuv', luma: 0 }],
  ['nv12', { kind: 'planar-yuv', subsampling: 2, u: 0 }],
  ['nv21', { kind: 'planar-yuv', subsampling: 2, u: 1 }],
  ['nv24', { kind: 'planar-yuv', subsampling: 1, u: 0 }],
]);

/** The layout an encoding names, or undefined for one that shows no picture. */
export function pixelLayout(encoding: string): PixelLayout | undefined {
  return LAYOUTS.get(encoding);
}

/** All encodings known, for error messages. */
export function knownEncodings(): string {
  return [...LAYOUTS.keys()].join(', ');
}
