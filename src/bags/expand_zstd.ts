import { setImmediate } from 'node:timers/promises';
import { MAXIMUM_BLOCK_BYTES, ZstdCutter } from './zstd_blocks.js';

/** Some milliseconds of decompression: two megabytes at most. */
const BLOCKS_PER_PIECE = 16;
const BYTES_PER_TURN = BLOCKS_PER_PIECE * MAXIMUM_BLOCK_BYTES;

/** There is more in the frame than allowed. */
export class ExpansionLimitError extends Error {
  override name = 'ExpansionLimitError';
}

/**
 * Expands zstd data step by step, letting the event loop turn in between: a few bytes may hold gigabytes.
 * @param data - the data, in pieces of any length
 * @param write - takes what comes out; its bytes are valid until it returns
 * @param ending - `cut`: the data may end within a frame
 * @throws {ExpansionLimitError} before more than `limitBytes` come out
 * @throws Error where the data is damaged
 */
export async function expandZstdStream(
  data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limitBytes: number,
  write: (bytes: Uint8Array) => void,
  ending: 'whole' | 'cut',
): Promise<void> {
  const { Decompress } = await import('fzstd');
  let bytes = 0;
  let sinceTurn = 0;
  const stream = new Decompress((part) => {
    bytes += part.byteLength;
    sinceTurn += part.byteLength;
    if (bytes > limitBytes) throw tooLong(limitBytes);
    write(part);
  });
  const cutter = new ZstdCutter(BLOCKS_PER_PIECE);
  for await (const chunk of data) {
    for (const piece of cutter.cut(chunk)) {
      if (cutter.declaredBytes > limitBytes) throw tooLong(limitBytes);
      stream.push(piece);
      if (sinceTurn < BYTES_PER_TURN) continue;
      sinceTurn = 0;
      await setImmediate();
    }
  }
  if (ending === 'whole') stream.push(new Uint8Array(0), true);
}

/**
 * Expands a zstd frame into memory, which follows what is there and not what the frame claims.
 * @param ending - `cut`: of a frame that is damaged or ends early comes what lies before
 * @throws Error when there is more than `limitBytes` in it, or where a frame meant to be `whole` is not
 */
export async function expandZstd(data: Uint8Array, limitBytes: number, ending: 'whole' | 'cut'): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  try {
    await expandZstdStream([data], limitBytes, (part) => parts.push(part.slice()), ending);
  } catch (error) {
    if (ending === 'whole' || error instanceof ExpansionLimitError) throw error;
  }
  return Buffer.concat(parts);
}

function tooLong(limitBytes: number): Error {
  return new ExpansionLimitError(
    `Expected at most ${limitBytes} expanded bytes but received more: the zstd data holds far more than it takes`,
  );
}
