import type { CompressedImage, Image } from '../../messages/index.js';
import type { FaultTarget, StreamFault } from '../fault.js';
import { reencoded, tryDecode } from '../reencode.js';
import { editCompressedImage } from './compressed_image.js';
import { editRawImage } from './raw_image.js';
import type { PictureEdit } from './samples.js';

/**
 * A fault that changes what a camera or depth camera sees. Pictures are decoded, changed and encoded again in the type,
 * encoding, padding and byte order they came in; one that cannot be decoded goes on as it is.
 */
export function createPictureFault({ kind }: FaultTarget, edit: PictureEdit): StreamFault {
  return {
    async apply(raw) {
      if (raw.type.endsWith('/CompressedImage')) {
        const message = tryDecode<CompressedImage>(raw);
        return message === undefined ? raw : reencoded(raw, await editCompressedImage(message, kind, edit));
      }
      const message = tryDecode<Image>(raw);
      return message === undefined ? raw : reencoded(raw, editRawImage(message, kind, edit));
    },
  };
}
