export { decodeMessage, encodeMessage } from './codec.js';
export { schemaFor } from './definitions.js';
export { type HeaderPeek, peekHeader } from './header.js';
export type { MessageSchema, RawMessage } from './raw_message.js';
export { millisecondsBetween, type Stamp, stampFromTime, timeFromStamp } from './stamp.js';
export type * from './types.js';
