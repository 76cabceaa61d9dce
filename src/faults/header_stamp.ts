import { peekHeader, type RawMessage, type Stamp, timeFromStamp } from '../messages/index.js';

/** The message under another `header.stamp`, or the message itself where it has no header that can be read. */
export function withHeaderStamp(message: RawMessage, stamp: Stamp): RawMessage {
  if (peekHeader(message).kind !== 'header') return message;
  const data = message.data.slice();
  const littleEndian = data[1] === 1;
  const view = new DataView(data.buffer);
  const { sec, nanosec } = timeFromStamp(stamp);
  // After the encapsulation's four bytes: int32 sec, uint32 nanosec.
  view.setInt32(4, sec, littleEndian);
  view.setUint32(8, nanosec, littleEndian);
  return { ...message, data };
}
