import assert from 'node:assert/strict';
import type { BagReader, MessageQuery } from '../../src/bags/index.js';
import type { RawMessage } from '../../src/messages/index.js';
import type { TopicAssignment } from '../../src/pipeline/index.js';
import { lateMounts } from '../../src/replay/index.js';
import { mount, raw } from '../sensors/support/messages.js';

function transforms(at: bigint, ...mounts: Parameters<typeof mount>[0][]): RawMessage {
  return { ...raw('/tf_static', 'tf2_msgs/msg/TFMessage', { transforms: mounts.map(mount) }), receiveStamp: at };
}

function bagOf(...messages: RawMessage[]): Pick<BagReader, 'messages'> {
  return {
    async *messages({ topics = [] }: MessageQuery = {}) {
      for (const message of messages) if (topics.includes(message.topic)) yield message;
    },
  };
}

const picture = (at: bigint): RawMessage => ({
  topic: '/image',
  type: 'sensor_msgs/msg/Image',
  data: new Uint8Array(0),
  receiveStamp: at,
});
const CAMERA: TopicAssignment = {
  kind: 'assigned',
  role: 'camera',
  topic: '/image',
  type: 'sensor_msgs/msg/Image',
  reason: '',
  alternatives: [],
};
const SELECTION = {
  modalities: new Map([['camera', CAMERA]]),
  transforms: { static: ['/tf_static'], dynamic: ['/tf'] },
};

describe('lateMounts', () => {
  it('finds the mounts that are told only after the sensors have begun, as they are told first', async () => {
    const bag = bagOf(
      transforms(1n, { parent: 'base_link', child: 'camera', at: [1, 0, 0] }),
      picture(2n),
      transforms(3n, { parent: 'base_link', child: 'camera', at: [9, 0, 0] }),
      transforms(4n, { parent: 'base_link', child: 'lidar', at: [2, 0, 0] }),
      transforms(5n, { parent: 'base_link', child: 'lidar', at: [9, 0, 0] }),
    );
    const late = await lateMounts(bag, SELECTION);
    assert.deepEqual(
      late.map(({ child_frame_id, transform }) => [child_frame_id, transform.translation.x]),
      [['lidar', 2]],
    );
  });

  it('finds none in a bag without sensors or with damaged messages', async () => {
    assert.deepEqual(await lateMounts(bagOf(transforms(4n, { parent: 'a', child: 'b' })), SELECTION), []);
    const damaged = { ...transforms(4n), data: new Uint8Array(3) };
    assert.deepEqual(await lateMounts(bagOf(picture(2n), damaged), SELECTION), []);
  });
});
