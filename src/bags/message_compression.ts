import { Decompress } from 'fzstd';
import type { RawMessage } from '../messages/index.js';
import { MAXIMUM_CHUNK_BYTES } from './mcap_index.js';
import type { ReportProblem } from './storage.js';

/** Expands the messages of a bag that was recorded with `--compression-mode message`: each is a zstd frame. */
export async function* expandMessages(
  messages: AsyncIterable<RawMessage>,
  report: ReportProblem,
): AsyncGenerator<RawMessage, void, void> {
  for await (const message of messages) {
    try {
      yield { ...message, data: expand(message.data) };
    } catch (error) {
      report(`Topic ${message.topic} has messages that are damaged as zstd (${(error as Error).message}): left out`);
    }
  }
}

/** Expands step by step, so that memory follows what is there and not what the frame claims. */
function expand(data: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const stream = new Decompress((part) => {
    bytes += part.byteLength;
    if (bytes > MAXIMUM_CHUNK_BYTES) throw new Error(`Expected a message of at most ${MAXIMUM_CHUNK_BYTES} bytes`);
    parts.push(part.slice());
  });
  stream.push(data, true);
  const expanded = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    expanded.set(part, offset);
    offset += part.byteLength;
  }
  return expanded;
}
