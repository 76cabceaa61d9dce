import { decodeMessage, type RawMessage } from '../../messages/index.js';
import type { CompressedImage, Image } from '../../messages/types.js';
import type { ImageSize } from '../modality_image.js';
import { decodeCompressed, type RgbOutcome } from './decode_compressed.js';
import { decodeImage } from './decode_image.js';
import { resizePixels } from './resize.js';

/** Decodes an Image or CompressedImage message that shows a picture to RGB of the given size. */
export async function decodePicture(raw: RawMessage, size: ImageSize): Promise<RgbOutcome> {
  if (raw.type.endsWith('/CompressedImage')) return decodeCompressed(decodeMessage<CompressedImage>(raw), size);
  const decoded = await decodeImage(decodeMessage<Image>(raw));
  if (decoded.kind === 'invalid') return decoded;
  const { width, height } = decoded.pixels;
  return { kind: 'rgb', data: await resizePixels(decoded.pixels, size), source: { width, height } };
}
