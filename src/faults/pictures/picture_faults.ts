import {
  type CompressedImage,
  type Image,
  millisecondsBetween,
  type RawMessage,
  type Stamp,
} from '../../messages/index.js';
import type { FaultParts, FaultTarget, StreamFault } from '../fault.js';
import { reencoded, tryDecode } from '../reencode.js';
import { editCompressedImage } from './compressed_image.js';
import { veil } from './edits.js';
import { editRawImage } from './raw_image.js';
import type { PictureEdit } from './samples.js';

/**
 * A fault that changes what a camera or depth camera sees. Pictures are decoded, changed and encoded again in the type,
 * encoding, padding and byte order they came in; one that cannot be decoded goes on as it is.
 */
export function createPictureFault(target: FaultTarget, edit: PictureEdit): StreamFault {
  return createChangingPictureFault(target, () => edit);
}

/** Contrast fades towards grey fog from the first picture on. */
export function createFog(
  { overSeconds, most }: { overSeconds: number; most: number },
  { target, random }: FaultParts,
): StreamFault {
  let start: Stamp | undefined;
  return createChangingPictureFault(target, ({ receiveStamp }) => {
    start ??= receiveStamp;
    return veil(most * Math.min(1, millisecondsBetween(start, receiveStamp) / (1000 * overSeconds)), random);
  });
}

/** @param editOf - what is to be done to a message */
function createChangingPictureFault({ kind }: FaultTarget, editOf: (raw: RawMessage) => PictureEdit): StreamFault {
  return {
    async apply(raw) {
      const edit = editOf(raw);
      if (raw.type.endsWith('/CompressedImage')) {
        const message = tryDecode<CompressedImage>(raw);
        return message === undefined ? raw : reencoded(raw, await editCompressedImage(message, kind, edit));
      }
      const message = tryDecode<Image>(raw);
      return message === undefined ? raw : reencoded(raw, editRawImage(message, kind, edit));
    },
  };
}
