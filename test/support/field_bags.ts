import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { McapWriter } from '@mcap/core';
import { FileHandleWritable } from '@mcap/nodejs';
import sharp from 'sharp';
import { openBag } from '../../src/bags/index.js';
import {
  type CameraInfo,
  type CompressedImage,
  decodeMessage,
  type EventPacket,
  encodeMessage,
  type MessageSchema,
  type PointCloud2,
  type RawMessage,
  schemaFor,
} from '../../src/messages/index.js';
import { projectRoot } from './shared_data.js';

/** How a recording of the field differs from the first moments of the sample bag. */
export interface FieldBag {
  name: string;
  /** The messages as that recording has them; in the order of their arrival afterwards. */
  change?: (raw: RawMessage, index: number) => Promise<RawMessage[]> | RawMessage[];
  /** How types and definitions stand in its file. */
  schema?: (type: string) => MessageSchema;
  messageEncoding?: string;
  profile?: string;
}

const TOPICS = { depth: '/depth/image/compressedDepth', lidar: '/lidar/points', camera: '/camera/image/compressed' };
const LIVOX = 'livox_ros_driver2/msg/CustomMsg';
const LIVOX_DEFINITION = `std_msgs/Header header
uint64 timebase
uint32 point_num
uint8 lidar_id
uint8[3] rsvd
livox_ros_driver2/CustomPoint[] points
================================================================================
MSG: livox_ros_driver2/CustomPoint
uint32 offset_time
float32 x
float32 y
float32 z
uint8 reflectivity
uint8 tag
uint8 line
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
`;

const on =
  (topic: string, change: (raw: RawMessage) => RawMessage | Promise<RawMessage>) => async (raw: RawMessage) => [
    raw.topic === topic ? await change(raw) : raw,
  ];
const encoded = (raw: RawMessage, message: object): RawMessage => ({ ...raw, data: encodeMessage(raw.type, message) });

/** The camera's CameraInfo, changed. */
const withInfo = (change: (info: CameraInfo) => Partial<CameraInfo>) =>
  on('/camera/camera_info', (raw) => {
    const info = decodeMessage<CameraInfo>(raw);
    return encoded(raw, { ...info, ...change(info) });
  });

/** Clouds with another layout of the same points. */
const withCloud = (change: (cloud: PointCloud2) => PointCloud2) =>
  on(TOPICS.lidar, (raw) => encoded(raw, change(decodeMessage<PointCloud2>(raw))));

/** Intensity as float32, by another scale. */
const withIntensity = (scale: (value: number, range: number) => number) =>
  withCloud((cloud) => {
    const { width, point_step, data } = cloud;
    const from = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const to = new DataView(new ArrayBuffer(16 * width));
    for (let i = 0; i < width; i++) {
      const at = [0, 4, 8].map((offset) => from.getFloat32(i * point_step + offset, true));
      for (const [axis, value] of at.entries()) to.setFloat32(16 * i + 4 * axis, value, true);
      to.setFloat32(16 * i + 12, scale(from.getUint8(i * point_step + 12), Math.hypot(...at)), true);
    }
    const fields = ['x', 'y', 'z', 'intensity'].map((name, i) => ({ name, offset: 4 * i, datatype: 7, count: 1 }));
    return { ...cloud, fields, point_step: 16, row_step: 16 * width, data: new Uint8Array(to.buffer) };
  });

/** An organised cloud of two rows, with a row_step that drivers are known to send. */
const organised = (rowStep: (bytes: number) => number) =>
  withCloud((cloud) => {
    const width = Math.floor(cloud.width / 2);
    const bytes = 2 * width * cloud.point_step;
    return { ...cloud, height: 2, width, row_step: rowStep(bytes), data: cloud.data.slice(0, bytes) };
  });

/** A stamp further on. */
function restamped(raw: RawMessage, by: bigint): RawMessage {
  const data = new Uint8Array(raw.data);
  const view = new DataView(data.buffer);
  const stamp = BigInt(view.getInt32(4, true)) * 1_000_000_000n + BigInt(view.getUint32(8, true)) + by;
  view.setInt32(4, Number(stamp / 1_000_000_000n), true);
  view.setUint32(8, Number(stamp % 1_000_000_000n), true);
  return { ...raw, data };
}

/** CDR of a Livox CustomMsg with the points of a cloud. */
function livox(raw: RawMessage): RawMessage {
  const { header, width, point_step, data } = decodeMessage<PointCloud2>(raw);
  const from = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const frame = new TextEncoder().encode(`${header.frame_id}\0`);
  const bytes: number[] = [0, 1, 0, 0];
  const align = (size: number) => {
    while ((bytes.length - 4) % size !== 0) bytes.push(0);
  };
  const put = (size: number, write: (view: DataView) => void) => {
    align(size);
    const view = new DataView(new ArrayBuffer(size));
    write(view);
    bytes.push(...new Uint8Array(view.buffer));
  };
  const uint32 = (value: number) => put(4, (view) => view.setUint32(0, value, true));
  uint32(header.stamp.sec);
  uint32(header.stamp.nanosec);
  uint32(frame.length);
  bytes.push(...frame);
  put(8, (view) =>
    view.setBigUint64(0, BigInt(header.stamp.sec) * 1_000_000_000n + BigInt(header.stamp.nanosec), true),
  );
  uint32(width);
  bytes.push(1, 0, 0, 0);
  uint32(width);
  for (let i = 0; i < width; i++) {
    uint32(0);
    for (const offset of [0, 4, 8])
      put(4, (view) => view.setFloat32(0, from.getFloat32(i * point_step + offset, true), true));
    bytes.push(from.getUint8(i * point_step + 12), 0, 0);
  }
  return {
    ...raw,
    type: LIVOX,
    data: Uint8Array.from(bytes),
    schema: { name: LIVOX, encoding: 'ros2msg', text: LIVOX_DEFINITION },
  };
}

/** Every recording of the field's kinds: what public reports of these drivers and recorders describe. */
export const FIELD_BAGS: readonly FieldBag[] = [
  { name: 'plain' },
  {
    name: 'camera-stamps-behind',
    change: (raw, index) =>
      raw.topic !== TOPICS.camera ? [raw] : index < 40 ? [] : [restamped(raw, -1_749_999_669_000_000_000n)],
  },
  {
    name: 'depth-png-plain-compressed',
    change: on(TOPICS.depth, (raw) => {
      const image = decodeMessage<CompressedImage>(raw);
      const plain = { ...image, format: '16UC1; png compressed ', data: image.data.slice(12) };
      return { ...encoded(raw, plain), topic: '/depth/image/compressed' };
    }),
  },
  {
    name: 'evt3-dummy-block',
    change: on('/events', (raw) => {
      const packet = decodeMessage<EventPacket>(raw);
      const padded = new Uint8Array(Math.max(packet.events.length * 2, 4096)).fill(0x99);
      padded.set(packet.events);
      return encoded(raw, { ...packet, events: padded });
    }),
  },
  {
    name: 'info-unusable',
    change: withInfo(() => ({
      width: 0,
      height: 0,
      d: [],
      k: Array(9).fill(0),
      r: Array(9).fill(0),
      p: Array(12).fill(0),
    })),
  },
  { name: 'lidar-intensity-0-to-1', change: withIntensity((value) => value / 255) },
  { name: 'lidar-intensity-photons', change: withIntensity((value, range) => (value * 400) / Math.max(range, 1)) },
  { name: 'livox-custommsg', change: on(TOPICS.lidar, livox) },
  { name: 'orbbec-plumb-bob-8', change: withInfo(({ d }) => ({ d: [...Array.from(d), 0, 0, 0] })) },
  { name: 'organised-row-step-0', change: organised(() => 0) },
  { name: 'organised-row-step-total-bytes', change: organised((bytes) => bytes) },
  {
    name: 'schema-names-without-msg',
    schema: (type) => ({ ...schemaFor(type), name: type.replace('/msg/', '/') }),
  },
  {
    name: 'schema-separators-with-msg',
    schema: (type) => {
      const { encoding, text } = schemaFor(type);
      return { name: type, encoding, text: text.replaceAll(/^MSG: (\w+)\/(\w+)$/gm, 'MSG: $1/msg/$2') };
    },
  },
  {
    name: 'simtime-tf-static-at-0',
    change: (raw) => [raw.topic === '/tf_static' ? { ...raw, receiveStamp: 0n } : raw],
  },
  { name: 'split-part-without-tf-static', change: (raw) => (raw.topic === '/tf_static' ? [] : [raw]) },
  {
    name: 'tf-static-at-end',
    change: (raw) => [raw.topic === '/tf_static' ? { ...raw, receiveStamp: raw.receiveStamp + 2_000_000_000n } : raw],
  },
  {
    name: 'webcam-stray-bytes',
    change: on(TOPICS.camera, (raw) => {
      const image = decodeMessage<CompressedImage>(raw);
      const end = image.data.length - 2;
      const stray = [...image.data.subarray(0, end), 0x7f, 0x2a, ...image.data.subarray(end)];
      return encoded(raw, { ...image, data: Uint8Array.from(stray) });
    }),
  },
  {
    name: 'another-base-frame',
    change: on('/tf_static', (raw) => {
      const message = decodeMessage<{ transforms: { header: { frame_id: string } }[] }>(raw);
      for (const { header } of message.transforms) header.frame_id = 'chassis';
      return encoded(raw, message);
    }),
  },
  { name: 'no-camera-info', change: (raw) => (raw.topic === '/camera/camera_info' ? [] : [raw]) },
  {
    name: 'depth-all-zero',
    change: on(TOPICS.depth, async (raw) => {
      const image = decodeMessage<CompressedImage>(raw);
      const png = await sharp({ create: { width: 320, height: 192, channels: 3, background: '#000' } })
        .toColourspace('grey16')
        .png()
        .toBuffer();
      return encoded(raw, { ...image, data: Uint8Array.from([...Array(12).fill(0), ...png]) });
    }),
  },
  {
    name: 'lidar-begins-late',
    change: (raw) =>
      raw.topic === TOPICS.lidar
        ? [{ ...restamped(raw, 5_000_000_000n), receiveStamp: raw.receiveStamp + 5_000_000_000n }]
        : [raw],
  },
];

/** Makes such a recording of the first moments of the sample bag. */
export async function writeFieldBag(folder: string, kind: FieldBag, seconds = 0.75): Promise<string> {
  const { name, change = (raw) => [raw], schema, messageEncoding = 'cdr', profile = 'ros2' } = kind;
  const town = await openBag(join(projectRoot, 'samples', 'town'));
  const messages: RawMessage[] = [];
  try {
    const end = town.info.start! + BigInt(Math.round(seconds * 1e9));
    let index = 0;
    for await (const raw of town.messages({ end })) messages.push(...(await change(raw, index++)));
  } finally {
    await town.close();
  }
  messages.sort((a, b) => (a.receiveStamp < b.receiveStamp ? -1 : a.receiveStamp > b.receiveStamp ? 1 : 0));
  const path = join(folder, `${name}.mcap`);
  const file = await open(path, 'w');
  const writer = new McapWriter({ writable: new FileHandleWritable(file) });
  await writer.start({ profile, library: 'a recorder of the field' });
  const channels = new Map<string, number>();
  for (const { topic, type, data, receiveStamp, schema: own } of messages) {
    let id = channels.get(topic);
    if (id === undefined) {
      const { name: schemaName, encoding, text } = schema?.(type) ?? own ?? schemaFor(type);
      const schemaId = await writer.registerSchema({
        name: schemaName,
        encoding,
        data: new TextEncoder().encode(text),
      });
      id = await writer.registerChannel({ topic, schemaId, messageEncoding, metadata: new Map() });
      channels.set(topic, id);
    }
    await writer.addMessage({ channelId: id, sequence: 0, logTime: receiveStamp, publishTime: receiveStamp, data });
  }
  await writer.end();
  await file.close();
  return path;
}
