import { decodeMessage, type RawMessage } from '../../messages/index.js';
import type { CompressedImage, Image } from '../../messages/types.js';
import type { ImageSize } from '../modality_image.js';
import type { BitDepthChoice } from './bit_depth.js';
import { decodeCompressed, type RgbOutcome } from './decode_compressed.js';
import { openImage } from './decode_image.js';
import { resizeRows } from './resize.js';

/**
 * Decodes an Image or CompressedImage message that shows a picture to RGB of the given size.
 * @param bitDepth - how many bits of 16-bit samples are used
 */
export async function decodePicture(
  raw: RawMessage,
  size: ImageSize,
  bitDepth: BitDepthChoice = 16,
): Promise<RgbOutcome> {
  if (raw.type.endsWith('/CompressedImage')) {
    return decodeCompressed(decodeMessage<CompressedImage>(raw), size, bitDepth);
  }
  const opened = await openImage(decodeMessage<Image>(raw), bitDepth);
  if (opened.kind === 'invalid') return opened;
  const { width, height } = opened.rows;
  return { kind: 'rgb', data: await resizeRows(opened.rows, size), source: { width, height } };
}
