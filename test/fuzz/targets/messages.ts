import {
  type CameraInfo,
  decodeMessage,
  encodeMessage,
  peekHeader,
  type RawMessage,
  schemaFor,
  schemaProblem,
} from '../../../src/messages/index.js';
import { describeContent } from '../../../src/pipeline/topic_content.js';
import { cameraInfo, header, mount } from '../../sensors/support/messages.js';
import { type FuzzTarget, require, requireSentence } from '../target.js';
import { STAMP } from './rig.js';

const TYPES = [
  'sensor_msgs/msg/Image',
  'sensor_msgs/msg/CompressedImage',
  'sensor_msgs/msg/PointCloud2',
  'sensor_msgs/msg/CameraInfo',
  'tf2_msgs/msg/TFMessage',
  'event_camera_msgs/msg/EventPacket',
  'std_msgs/msg/String',
  'livox_ros_driver2/msg/CustomMsg',
] as const;

const INFO = 'sensor_msgs/msg/CameraInfo';
const infoBytes = encodeMessage(INFO, cameraInfo({ header: header('x', STAMP) }));
const tfBytes = encodeMessage('tf2_msgs/msg/TFMessage', { transforms: [mount({ parent: 'a', child: 'b' })] });

async function readAs(type: string, data: Uint8Array, schema?: RawMessage['schema']): Promise<string> {
  const raw: RawMessage = { topic: '/t', type, data, receiveStamp: STAMP, ...(schema && { schema }) };
  const head = peekHeader(raw);
  if (head.kind === 'malformed') requireSentence(head.reason, 'peekHeader');
  const content = await describeContent(raw);
  if (content?.kind === 'unreadable') requireSentence(content.reason, 'describeContent');
  const message = decodeMessage<object>(raw);
  return `${head.kind} ${JSON.stringify(content)} ${size(message)}`;
}

/** Numbers and characters in a message: what it takes in memory, about. */
function size(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + size(item), 0);
  if (typeof value === 'object' && value !== null)
    return Object.values(value).reduce<number>((sum, item) => sum + size(item), 0);
  return 1;
}

export const messageTargets: readonly FuzzTarget[] = [
  {
    name: 'cdr',
    weight: 15,
    form: 'binary',
    seeds: async () => [infoBytes, tfBytes, encodeMessage('std_msgs/msg/String', { data: 'hello' })],
    async run(data) {
      const type = TYPES[(data.at(-1) ?? 0) % TYPES.length]!;
      const out = await readAs(type, data);
      const held = Number(out.split(' ').at(-1));
      require(held <= 64 * (data.length + 64), `${held} values of ${data.length} bytes`);
      return out;
    },
  },
  {
    name: 'schema',
    weight: 8,
    form: 'text',
    seeds: async () =>
      [INFO, 'tf2_msgs/msg/TFMessage', 'sensor_msgs/msg/PointCloud2'].map((type) =>
        new TextEncoder().encode(schemaFor(type).text),
      ),
    async run(text) {
      const schema = { name: INFO, encoding: 'ros2msg', text: new TextDecoder().decode(text) } as const;
      const problem = schemaProblem({ topic: '/t', type: INFO, data: infoBytes, receiveStamp: STAMP, schema });
      if (problem !== undefined) requireSentence(problem, 'schemaProblem');
      const message = decodeMessage<CameraInfo>({
        topic: '/t',
        type: INFO,
        data: infoBytes,
        receiveStamp: STAMP,
        schema,
      });
      require(size(message) < 100_000, 'a message grew');
      return `${problem} ${size(message)}`;
    },
  },
];
