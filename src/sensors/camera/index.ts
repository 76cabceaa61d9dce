export { BitDepth, type BitDepthChoice } from './bit_depth.js';
export { decodeCompressed, detectCodec, type RgbOutcome } from './decode_compressed.js';
export { decodeImage } from './decode_image.js';
export { decodePicture } from './decode_picture.js';
export { type Colours, measureCompressed, openCompressed, withCompressed } from './open_compressed.js';
export { judgePicture } from './picture_quality.js';
export type { Pixels, PixelsOutcome } from './pixels.js';
export { resizePixels } from './resize.js';
