import { Decompress } from 'fzstd';

/**
 * Expands a zstd frame step by step, so that memory follows what is there and not what the frame claims.
 * @param ending - `cut`: of a frame that is damaged or ends early comes what lies before
 * @throws Error when there is more than `limitBytes` in it, or where a frame meant to be `whole` is not
 */
export function expandZstd(data: Uint8Array, limitBytes: number, ending: 'whole' | 'cut'): Uint8Array {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const stream = new Decompress((part) => {
    bytes += part.byteLength;
    if (bytes > limitBytes) throw tooLong(limitBytes);
    parts.push(part.slice());
  });
  try {
    stream.push(data, ending === 'whole');
  } catch (error) {
    if (ending === 'whole' || bytes > limitBytes) throw error;
  }
  return Buffer.concat(parts);
}

function tooLong(limitBytes: number): Error {
  return new Error(
    `Expected at most ${limitBytes} expanded bytes but received more: the zstd frame lies about its size`,
  );
}
