import assert from 'node:assert/strict';
import { chooseInput, type InputChoice, type WantedInput } from '../../src/node/inputs/choose_input.js';

const IMAGE = 'sensor_msgs/msg/Image';
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';
const PACKETS = 'event_camera_msgs/msg/EventPacket';
const ARRAYS = 'dvs_msgs/msg/EventArray';

type Role = Extract<WantedInput['accepts'], { kind: 'role' }>['role'];

const cases: [title: string, topic: string, role: Role, graph: Record<string, string[]>, expected: InputChoice][] = [
  ['raw images', '/cam', 'camera', { '/cam': [IMAGE] }, { kind: 'found', topic: '/cam', type: IMAGE }],
  ['compressed images', '/cam', 'camera', { '/cam': [COMPRESSED] }, { kind: 'found', topic: '/cam', type: COMPRESSED }],
  [
    'raw images before their compressed copy',
    '/cam',
    'camera',
    { '/cam': [IMAGE], '/cam/compressed': [COMPRESSED] },
    { kind: 'found', topic: '/cam', type: IMAGE },
  ],
  [
    'the compressed copy where the image itself is not published',
    '/cam',
    'camera',
    { '/cam/compressed': [COMPRESSED] },
    { kind: 'found', topic: '/cam/compressed', type: COMPRESSED },
  ],
  [
    'compressed depth under its own name',
    '/depth',
    'depth',
    { '/depth/compressed': [COMPRESSED], '/depth/compressedDepth': [COMPRESSED] },
    { kind: 'found', topic: '/depth/compressedDepth', type: COMPRESSED },
  ],
  ['packets of events', '/ev', 'events', { '/ev': [PACKETS] }, { kind: 'found', topic: '/ev', type: PACKETS }],
  ['arrays of events', '/ev', 'events', { '/ev': [ARRAYS] }, { kind: 'found', topic: '/ev', type: ARRAYS }],
  ['nothing where nobody publishes', '/cam', 'camera', { '/other': [IMAGE] }, { kind: 'absent' }],
  [
    'nothing where only what is no picture is published',
    '/cam',
    'camera',
    { '/cam': ['std_msgs/msg/String'] },
    {
      kind: 'unsuitable',
      reason:
        `Expected ${IMAGE} or ${COMPRESSED} on /cam but it is published as std_msgs/msg/String: ` +
        'remap or set the topic',
    },
  ],
  [
    'the one that fits of two publishers that disagree',
    '/cam',
    'camera',
    { '/cam': ['std_msgs/msg/String', COMPRESSED] },
    { kind: 'found', topic: '/cam', type: COMPRESSED },
  ],
];

describe('chooseInput', () => {
  for (const [title, topic, role, graph, expected] of cases) {
    it(`finds ${title}`, () => {
      assert.deepEqual(
        chooseInput({ topic, accepts: { kind: 'role', role } }, (name) => graph[name] ?? []),
        expected,
      );
    });
  }

  it('takes the type it is told, whoever publishes', () => {
    const wanted: WantedInput = { topic: '/cam', accepts: { kind: 'type', type: COMPRESSED } };
    assert.deepEqual(
      chooseInput(wanted, () => [IMAGE]),
      { kind: 'found', topic: '/cam', type: COMPRESSED },
    );
  });
});
