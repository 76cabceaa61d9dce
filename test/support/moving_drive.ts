import { withHeaderStamp } from '../../src/faults/header_stamp.js';
import type { RawMessage } from '../../src/messages/index.js';
import { raw } from '../sensors/support/messages.js';
import { picture, stampAt, TINY_TOPICS, tinyDrive } from './tiny_rig.js';

const WIDTH = 64;
const HEIGHT = 32;
/** Brightness repeats after so many columns, and moves by so many from picture to picture. */
const BAND = 32;
const STEP = 5;
const INFO_SECONDS = 0.5;

/**
 * {@link tinyDrive} with a scene that moves, so that frozen content can be told from a view in which nothing happens, and
 * with CameraInfo again and again, as drivers send it: a node may come to hear of them after they have begun.
 */
export function movingDrive(seconds: number): RawMessage[] {
  const drive = tinyDrive({
    seconds,
    change: (message, modality, at) => (modality === 'camera' ? movingPicture(message, at) : message),
  });
  const infos = drive.filter(({ topic }) => topic.endsWith('/camera_info'));
  for (let at = INFO_SECONDS; at < seconds; at += INFO_SECONDS)
    drive.push(...infos.map((info) => ({ ...withHeaderStamp(info, stampAt(at)), receiveStamp: stampAt(at) })));
  return drive.sort((one, other) => Number(one.receiveStamp - other.receiveStamp));
}

function movingPicture({ receiveStamp }: RawMessage, at: number): RawMessage {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  const frame = Math.round(at * 10);
  for (let index = 0; index < data.length; index++) {
    const column = Math.floor(index / 3) % WIDTH;
    data[index] = 40 + 5 * ((column + STEP * frame) % BAND) + ((index * 7 + frame * 13) % 11);
  }
  const image = picture('rgb8', 'camera', stampAt(at), data);
  return { ...raw(TINY_TOPICS.camera, 'sensor_msgs/msg/Image', image), receiveStamp };
}
