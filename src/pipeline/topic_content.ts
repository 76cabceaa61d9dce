import {
  type CameraInfo,
  type CompressedImage,
  decodeMessage,
  type EventPacket,
  type Header,
  type Image,
  type PointCloud2,
  peekHeader,
  type RawMessage,
} from '../messages/index.js';
import { ownValue } from '../records/own_value.js';
import { detectCodec, measureCompressed } from '../sensors/camera/index.js';
import { livoxPointCount, livoxTypes } from '../sensors/lidar/index.js';

/** What a topic's first message says about it, as far as choosing and showing topics needs it. */
export type TopicContent =
  | { kind: 'image'; encoding: string; width: number; height: number; frameId: string }
  /** `width` and `height` where the picture's header could be read. */
  | {
      kind: 'compressed-image';
      format: string;
      frameId: string;
      width?: number;
      height?: number;
      /** What the picture is by its first bytes, e.g. `jpeg`; undefined where they say nothing. */
      codec?: string;
    }
  | { kind: 'events'; encoding: string; width: number; height: number; frameId: string }
  | { kind: 'points'; fields: string[]; points: number; frameId: string }
  | { kind: 'camera-info'; width: number; height: number; distortionModel: string; frameId: string }
  | { kind: 'unreadable'; reason: string };

/** The kinds of message the core reads, by full type name. */
const readers: Readonly<Record<string, (raw: RawMessage) => TopicContent | Promise<TopicContent>>> = {
  'sensor_msgs/msg/Image': (raw) => {
    const { encoding, width, height, header } = decodeMessage<Image>(raw);
    return { kind: 'image', encoding, width, height, frameId: header.frame_id };
  },
  'sensor_msgs/msg/CompressedImage': describeCompressedImage,
  'event_camera_msgs/msg/EventPacket': describeEventPacket,
  'event_array_msgs/msg/EventArray': describeEventPacket,
  'dvs_msgs/msg/EventArray': describeEventArray,
  'prophesee_event_msgs/msg/EventArray': describeEventArray,
  'sensor_msgs/msg/PointCloud2': (raw) => {
    const { fields, width, height, header } = decodeMessage<PointCloud2>(raw);
    return {
      kind: 'points',
      fields: fields.map(({ name }) => name),
      points: width * height,
      frameId: header.frame_id,
    };
  },
  ...Object.fromEntries(livoxTypes.map((type) => [type, describeLivoxCloud])),
  'sensor_msgs/msg/CameraInfo': (raw) => {
    const { width, height, distortion_model, header } = decodeMessage<CameraInfo>(raw);
    return { kind: 'camera-info', width, height, distortionModel: distortion_model, frameId: header.frame_id };
  },
};

/** True for the types {@link describeContent} reads. */
export function isDescribable(type: string): boolean {
  return ownValue(readers, type) !== undefined;
}

/** Reads what the message says about its topic; undefined for types the core does not use. Never rejects. */
export async function describeContent(raw: RawMessage): Promise<TopicContent | undefined> {
  try {
    return await ownValue(readers, raw.type)?.(raw);
  } catch (error) {
    return { kind: 'unreadable', reason: (error as Error).message };
  }
}

/** `16UC1; compressedDepth png` puts 12 bytes before the picture (compressed_depth_image_transport). */
const COMPRESSED_DEPTH_HEADER_BYTES = 12;

async function describeCompressedImage(raw: RawMessage): Promise<TopicContent> {
  const { format, data, header } = decodeMessage<CompressedImage>(raw);
  const picture = format.includes('compressedDepth') ? data.subarray(COMPRESSED_DEPTH_HEADER_BYTES) : data;
  const codec = detectCodec(picture);
  const frameId = header.frame_id;
  const content = { kind: 'compressed-image', format, frameId, ...(codec !== undefined && { codec }) } as const;
  if (codec === undefined) return content;
  try {
    const { width, height } = await measureCompressed(picture);
    return { ...content, width, height };
  } catch {
    // A damaged picture: decoding will tell; the topic can be chosen by its format all the same.
    return content;
  }
}

function describeEventPacket(raw: RawMessage): TopicContent {
  const { encoding, width, height, header } = decodeMessage<EventPacket>(raw);
  return { kind: 'events', encoding, width, height, frameId: header.frame_id };
}

function describeEventArray(raw: RawMessage): TopicContent {
  const { width, height, header } = decodeMessage<{ header: Header; width: number; height: number }>(raw);
  return { kind: 'events', encoding: 'array of events', width, height, frameId: header.frame_id };
}

function describeLivoxCloud(raw: RawMessage): TopicContent {
  const header = peekHeader(raw);
  if (header.kind !== 'header') return { kind: 'unreadable', reason: `Expected a header on ${raw.topic}` };
  const fields = ['x', 'y', 'z', 'reflectivity', 'offset_time'];
  return { kind: 'points', fields, points: livoxPointCount(raw.data), frameId: header.frameId };
}
