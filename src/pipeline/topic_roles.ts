import { livoxTypes } from '../sensors/lidar/index.js';
import type { Representation } from '../sensors/representation.js';
import type { TopicContent } from './topic_content.js';

/** What a topic can be to the core. Which one a modality needs follows from its representation, not its name. */
export type TopicRole = 'camera' | 'depth' | 'events' | 'lidar' | 'ground-truth';

/** A topic of a bag or of a ROS graph. */
export interface TopicCandidate {
  name: string;
  /** Full type name, e.g. `sensor_msgs/msg/Image`. */
  type: string;
  /** Undefined where the bag does not say; then the topic counts as having some. */
  messageCount: number | undefined;
  /** What its first message says, where one was read. */
  content?: TopicContent;
}

/** How well a topic fits a role; `score` 0 or less means it does not. */
export interface Fit {
  score: number;
  /** Why, in words for a person: "type, encoding rgb8, name". */
  because: string[];
}

const EVENT_TYPES: readonly string[] = [
  'event_camera_msgs/msg/EventPacket',
  'event_array_msgs/msg/EventArray',
  'dvs_msgs/msg/EventArray',
  'prophesee_event_msgs/msg/EventArray',
];
const IMAGE_TYPES: readonly string[] = ['sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'];

const TYPES: Readonly<Record<TopicRole, readonly string[]>> = {
  camera: IMAGE_TYPES,
  depth: IMAGE_TYPES,
  events: EVENT_TYPES,
  lidar: ['sensor_msgs/msg/PointCloud2', ...livoxTypes],
  'ground-truth': ['sensor_msgs/msg/Image'],
};

/** Encodings decide between the roles of an image where they can; the rest is left to names. */
const COLOUR = /^(rgb|bgr|bayer_|yuv|yuyv|uyvy|nv2|8UC[34])/;
const GREY = /^(mono(8|16)|8UC1)$/;
const METRIC = /^(16UC1|32FC1)$/;
const CLASS_IDS = /^(mono8|mono16|8UC1|16UC1)$/;

/** Words of a topic's name that speak for a role. */
const NAME_HINTS: Readonly<Record<TopicRole, RegExp>> = {
  camera: /^(camera|cam\d*|rgb|colou?r|image|front|left)$/,
  depth: /^depth/,
  events: /^(events?|dvs|prophesee)/,
  lidar: /^(lidar|velodyne|ouster|points?|pointcloud|scan|laser)/,
  'ground-truth': /^(ground|groundtruth|gt|labels?|semantic|semantics|annotations?)$/,
};
/** Names of pictures that are made from others, or for people: no sensor and no ground truth. */
const DERIVED = /^(overlay|confidence|debug|mask|preview|thumbnail|visuali[sz]ation)$/;
/** Other cameras than the one in colour; a modality of that name may still ask for them. */
const OTHER_SPECTRUM = /^(infra\d*|ir|nir|thermal|lwir|swir|fisheye\d*)$/;

/** The role a modality's sensor has, by what is computed from its data. */
export function roleOf(representation: Representation): TopicRole {
  switch (representation.kind) {
    case 'rgb':
    case 'nir':
    // No topic carries the next two: the sensor rig refuses them.
    case 'aolp':
    case 'dolp':
      return 'camera';
    case 'inverse':
    case 'linear':
    case 'hha':
    case 'hha-published':
      return 'depth';
    case 'polarity':
    case 'counts-recency':
      return 'events';
    case 'range-intensity-height':
      return 'lidar';
  }
}

/** Types whose messages can serve a role, by full name. */
export function messageTypesFor(role: TopicRole): readonly string[] {
  return TYPES[role];
}

/** True when messages of this topic's type can serve the role at all. */
export function hasTypeFor(topic: TopicCandidate, role: TopicRole): boolean {
  return messageTypesFor(role).includes(topic.type);
}

/**
 * Judges one topic for one role: the type must be right, then encoding and name count.
 * @param modality - name of the modality, itself a hint: modality `thermal` wants a topic like `/thermal/image`
 */
export function judge(topic: TopicCandidate, role: TopicRole, modality?: string): Fit {
  if (!hasTypeFor(topic, role)) return { score: 0, because: [] };
  const words = wordsOf(topic.name);
  const because = ['type'];
  const encoding = judgeEncoding(topic.content, role);
  if (encoding.verdict === 'impossible') return { score: 0, because: [] };
  let score = encoding.verdict === 'speaks-for' ? 6 : 2;
  if (encoding.text !== undefined) because.push(encoding.text);
  const distinctive = modality === undefined ? [] : distinctiveWords(modality, role);
  const named = distinctive.some((word) => words.includes(word));
  // An expert for thermal pictures gets no colour camera because there is nothing else.
  if (role === 'camera' && distinctive.length > 0 && !named) return { score: 0, because: [] };
  if (named || words.some((word) => NAME_HINTS[role].test(word))) {
    score += named ? 8 : 3;
    because.push('name');
  } else if (role === 'ground-truth' || (role === 'depth' && encoding.verdict === 'possible')) {
    // Grey pictures are everywhere; only a name makes one a label image or a depth image.
    return { score: 0, because: [] };
  }
  if (isNamedForOther(topic.name, role)) score -= 5;
  if (!named && words.some((word) => OTHER_SPECTRUM.test(word))) score -= 3;
  if (words.some((word) => DERIVED.test(word))) score -= 6;
  if (topic.messageCount === 0) score = 0;
  return { score, because };
}

/** Whether a topic's name speaks for another role than this: `/depth/camera_info` does for a camera. */
export function isNamedForOther(name: string, role: TopicRole): boolean {
  return wordsOf(name).some((word) => speaksForOther(word, role));
}

/** What a modality's name says beyond its role: `thermal` does for a camera, `camera` does not. */
function distinctiveWords(modality: string, role: TopicRole): string[] {
  const words = wordsOf(modality);
  return words.some((word) => NAME_HINTS[role].test(word)) ? [] : words;
}

function speaksForOther(word: string, role: TopicRole): boolean {
  // 'camera', 'image' and the like stand in the names of depth and event cameras too: they say nothing against them.
  return (Object.keys(NAME_HINTS) as TopicRole[]).some(
    (other) => other !== role && other !== 'camera' && NAME_HINTS[other].test(word) && !NAME_HINTS[role].test(word),
  );
}

function judgeEncoding(
  content: TopicContent | undefined,
  role: TopicRole,
): { verdict: 'speaks-for' | 'possible' | 'impossible'; text?: string } {
  if (content?.kind === 'image') {
    const { encoding } = content;
    const text = `encoding ${encoding}`;
    if (role === 'camera') {
      if (METRIC.test(encoding)) return { verdict: 'impossible' };
      return { verdict: COLOUR.test(encoding) ? 'speaks-for' : 'possible', text };
    }
    if (role === 'depth') {
      if (METRIC.test(encoding)) return { verdict: 'speaks-for', text };
      return encoding === 'mono16' ? { verdict: 'possible', text } : { verdict: 'impossible' };
    }
    return CLASS_IDS.test(encoding) ? { verdict: 'possible', text } : { verdict: 'impossible' };
  }
  if (content?.kind === 'compressed-image') {
    const text = `format "${content.format}"`;
    if (isVideo(content)) return { verdict: 'impossible' };
    const source = content.format.split(';')[0]!.trim();
    // Plain `compressed` makes a PNG of a depth picture, which keeps its distances; a JPEG of one does not.
    const isMetric = content.format.includes('compressedDepth') || METRIC.test(source);
    const isDepth = isMetric && !isJpeg(content);
    if (role === 'depth') return isDepth ? { verdict: 'speaks-for', text } : { verdict: 'impossible' };
    if (isMetric) return { verdict: 'impossible' };
    return { verdict: GREY.test(source) ? 'possible' : 'speaks-for', text };
  }
  if (content?.kind === 'events') return { verdict: 'speaks-for', text: `encoding ${content.encoding}` };
  if (content?.kind === 'points') {
    const isSpatial = ['x', 'y', 'z'].every((field) => content.fields.includes(field));
    return isSpatial
      ? { verdict: 'speaks-for', text: `fields ${content.fields.join(' ')}` }
      : { verdict: 'impossible' };
  }
  return { verdict: 'possible' };
}

type CompressedContent = Extract<TopicContent, { kind: 'compressed-image' }>;

/** Depth that was compressed as if it were a picture. */
export function isJpegDepth(content: TopicContent | undefined): boolean {
  return content?.kind === 'compressed-image' && METRIC.test(content.format.split(';')[0]!.trim()) && isJpeg(content);
}

/** A stream of video, whose pictures lean on those before, in messages meant for single pictures. */
export function isVideo(content: TopicContent | undefined): boolean {
  return content?.kind === 'compressed-image' && /^\s*(h\.?26[45]|hevc|avc|av1|vp[89])\b/i.test(content.format);
}

function isJpeg({ format, codec }: CompressedContent): boolean {
  return codec === undefined ? /jpe?g/i.test(format) : codec === 'jpeg';
}

/** `/front_camera/imageRaw` gives front, camera, image, raw. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
