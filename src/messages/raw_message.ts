import type { Stamp } from './stamp.js';

/** The text a message type is described by, as a bag or a ROS graph carries it. */
export interface MessageSchema {
  /** Full type name, e.g. `sensor_msgs/msg/Image`. */
  name: string;
  encoding: 'ros2msg' | 'ros2idl';
  text: string;
}

/**
 * A message as it arrived: CDR bytes, not decoded. Decoding costs, so it waits until the synchroniser chose the
 * message. `data` stays valid and unchanged for as long as it is referenced.
 */
export interface RawMessage {
  topic: string;
  /** Full type name, e.g. `sensor_msgs/msg/Image`. */
  type: string;
  /** CDR with its four-byte encapsulation header. */
  data: Uint8Array;
  /** When the message was received (live: system or ROS clock; replay: the bag's log time). */
  receiveStamp: Stamp;
  /** The schema the bag carries; without one the built-in definition of `type` is used. */
  schema?: MessageSchema;
}
