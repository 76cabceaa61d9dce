import { encodeMessage } from '../../../src/messages/index.js';
import type { RawMessage } from '../../../src/messages/raw_message.js';
import { type Stamp, timeFromStamp } from '../../../src/messages/stamp.js';
import type { CameraInfo, Header, Image, TransformStamped } from '../../../src/messages/types.js';

export function header(frameId: string, stamp: Stamp = 0n): Header {
  return { stamp: timeFromStamp(stamp), frame_id: frameId };
}

/** A CameraInfo of an ideal lens with square pixels and the principal point in the middle, unless told otherwise. */
export function cameraInfo(changes: Partial<CameraInfo> = {}): CameraInfo {
  const { width = 640, height = 480 } = changes;
  const focal = 500;
  const cx = (width - 1) / 2;
  const cy = (height - 1) / 2;
  return {
    header: header('camera'),
    width,
    height,
    distortion_model: 'plumb_bob',
    d: [0, 0, 0, 0, 0],
    k: [focal, 0, cx, 0, focal, cy, 0, 0, 1],
    r: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    p: [focal, 0, cx, 0, 0, focal, cy, 0, 0, 0, 1, 0],
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, width: 0, height: 0, do_rectify: false },
    ...changes,
  };
}

export function image(changes: Partial<Image> & Pick<Image, 'width' | 'height' | 'encoding' | 'step' | 'data'>): Image {
  return { header: header('camera'), is_bigendian: 0, ...changes };
}

export interface Mount {
  parent: string;
  child: string;
  stamp?: Stamp;
  /** x, y, z in metres. */
  at?: readonly [number, number, number];
  /** Quaternion x, y, z, w. */
  turned?: readonly [number, number, number, number];
}

export function mount({ parent, child, stamp = 0n, at = [0, 0, 0], turned = [0, 0, 0, 1] }: Mount): TransformStamped {
  return {
    header: header(parent, stamp),
    child_frame_id: child,
    transform: {
      translation: { x: at[0], y: at[1], z: at[2] },
      rotation: { x: turned[0], y: turned[1], z: turned[2], w: turned[3] },
    },
  };
}

export function raw(topic: string, type: string, message: object, receiveStamp: Stamp = 0n): RawMessage {
  return { topic, type, data: encodeMessage(type, message), receiveStamp };
}
