export { decodeMessage, encodeMessage, schemaProblem } from './codec.js';
export { fullTypeName, schemaFor } from './definitions.js';
export { type HeaderPeek, peekHeader } from './header.js';
export type { MessageSchema, RawMessage } from './raw_message.js';
export { millisecondsBetween, type Stamp, stampFromTime, timeFromStamp } from './stamp.js';
export type * from './types.js';
