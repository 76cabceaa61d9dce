import { isJpegDepth, isVideo, type TopicCandidate, type TopicRole } from './topic_roles.js';

/** What a topic carries that the core cannot read as it is, and the one command that makes it readable. */
export interface ForeignTopic {
  role: TopicRole;
  /** "carries H.264 video". */
  what: string;
  toDo: string;
}

/** Republishes what a transport packed; `out` is the base of the raw topic. */
function republish(pkg: 'image_transport' | 'point_cloud_transport', transport: string, topic: string): string {
  const base = topic.replace(/\/[^/]+$/, '') || topic;
  return (
    `ros2 run ${pkg} republish --ros-args -p in_transport:=${transport} -p out_transport:=raw ` +
    `-r in/${transport}:=${topic} -r out:=${base}/decoded`
  );
}

const whilePlaying = (command: string) => `Play the bag, run "${command}", and record what it publishes.`;

/** By type: compressed streams of known packages. */
const FOREIGN_TYPES: Readonly<Record<string, (topic: string) => ForeignTopic>> = {
  'point_cloud_interfaces/msg/CompressedPointCloud2': (topic) => ({
    role: 'lidar',
    what: 'carries compressed point clouds',
    toDo: whilePlaying(republish('point_cloud_transport', topic.split('/').at(-1) ?? 'draco', topic)),
  }),
  ...Object.fromEntries(
    ['ffmpeg_image_transport_msgs', 'ffmpeg_encoder_decoder_msgs'].map((pkg) => [
      `${pkg}/msg/FFMPEGPacket`,
      (topic: string): ForeignTopic => ({
        role: 'camera',
        what: 'carries video of ffmpeg_image_transport',
        toDo: whilePlaying(republish('image_transport', 'ffmpeg', topic)),
      }),
    ]),
  ),
  'foxglove_msgs/msg/CompressedVideo': (topic) => ({
    role: 'camera',
    what: 'carries compressed video',
    toDo: whilePlaying(republish('image_transport', 'foxglove', topic)),
  }),
};

/** Names what a topic carries where that is known and cannot be read; undefined for all others. */
export function foreignTopic({ name, type, content, messageCount }: TopicCandidate): ForeignTopic | undefined {
  if (messageCount === 0) return undefined;
  const byType = FOREIGN_TYPES[type];
  if (byType !== undefined) return byType(name);
  const format = content?.kind === 'compressed-image' ? content.format : '';
  const base = name.replace(/\/compressed$/, '');
  if (isVideo(content)) {
    return {
      role: 'camera',
      what: `carries video of format "${format}", whose pictures cannot be decoded one by one`,
      toDo: `Record pictures instead: "ros2 bag record ${base}".`,
    };
  }
  if (isJpegDepth(content)) {
    return {
      role: 'depth',
      what: `carries depth as JPEG, which keeps no distances (format "${format}")`,
      toDo: `Record the lossless topic instead: "ros2 bag record ${base}/compressedDepth".`,
    };
  }
  return undefined;
}
