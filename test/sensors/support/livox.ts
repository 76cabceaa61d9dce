import { encodeMessage } from '../../../src/messages/index.js';
import type { RawMessage } from '../../../src/messages/raw_message.js';
import { header } from './messages.js';

export interface LivoxPoint {
  offsetNanoseconds: number;
  x: number;
  y: number;
  z: number;
  reflectivity: number;
}

/** A CustomMsg of livox_ros_driver2, written by the general encoder from the message's definition. */
export function encodeLivox(topic: string, frame: string, stamp: bigint, points: readonly LivoxPoint[]): RawMessage {
  const type = 'livox_ros_driver2/msg/CustomMsg';
  const message = {
    header: header(frame, stamp),
    timebase: stamp,
    point_num: points.length,
    lidar_id: 0,
    rsvd: [0, 0, 0],
    points: points.map(({ offsetNanoseconds, ...point }) => ({
      offset_time: offsetNanoseconds,
      tag: 16,
      line: 1,
      ...point,
    })),
  };
  return { topic, type, data: encodeMessage(type, message), receiveStamp: stamp };
}
