import type { RawMessage } from '../messages/index.js';
import { ExpansionLimitError, expandZstd } from './expand_zstd.js';
import { MAXIMUM_MESSAGE_BYTES } from './mcap_index.js';
import type { ReportProblem } from './storage.js';

/** Expands the messages of a bag that was recorded with `--compression-mode message`: each is a zstd frame. */
export async function* expandMessages(
  messages: AsyncIterable<RawMessage>,
  report: ReportProblem,
): AsyncGenerator<RawMessage, void, void> {
  for await (const message of messages) {
    try {
      yield { ...message, data: await expandZstd(message.data, MAXIMUM_MESSAGE_BYTES, 'whole') };
    } catch (error) {
      const what = error instanceof ExpansionLimitError ? 'too large' : 'damaged';
      report(`Topic ${message.topic} has messages that are ${what} as zstd (${(error as Error).message}): left out`);
    }
  }
}
