import { decodeMessage, encodeMessage, type RawMessage } from '../messages/index.js';

/** Decodes a message, or tells by undefined that it is broken already. */
export function tryDecode<T>(raw: RawMessage): T | undefined {
  try {
    return decodeMessage<T>(raw);
  } catch {
    return undefined;
  }
}

/** The message with other content; its bytes follow the built-in definition, so that the bag's schema goes. */
export function reencoded({ schema: _, ...raw }: RawMessage, message: object): RawMessage {
  return { ...raw, data: encodeMessage(raw.type, message) };
}
