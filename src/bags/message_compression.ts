import type { RawMessage } from '../messages/index.js';
import { expandZstd } from './expand_zstd.js';
import { MAXIMUM_CHUNK_BYTES } from './mcap_index.js';
import type { ReportProblem } from './storage.js';

/** Expands the messages of a bag that was recorded with `--compression-mode message`: each is a zstd frame. */
export async function* expandMessages(
  messages: AsyncIterable<RawMessage>,
  report: ReportProblem,
): AsyncGenerator<RawMessage, void, void> {
  for await (const message of messages) {
    try {
      yield { ...message, data: expandZstd(message.data, MAXIMUM_CHUNK_BYTES, 'whole') };
    } catch (error) {
      report(`Topic ${message.topic} has messages that are damaged as zstd (${(error as Error).message}): left out`);
    }
  }
}
