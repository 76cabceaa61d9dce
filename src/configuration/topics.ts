import type { TopicRole } from '../pipeline/index.js';

/** A modality as far as its topics and parameters depend on it. */
export interface ModalityRole {
  name: string;
  role: TopicRole;
}

/** QoS policies that differ between topics; the history is always `keep_last`. */
export interface TopicQos {
  reliability: 'best_effort' | 'reliable';
  depth: number;
}

/** One topic the node publishes. */
export interface OutputTopic {
  /** As used in parameters: `outputs.<key>.publish`. */
  readonly key: string;
  /** As advertised: `~` is the node's own name. */
  readonly name: string;
  readonly type: string;
  readonly durability: 'volatile' | 'transient_local';
  readonly qos: TopicQos;
  /** `switchable`: a parameter turns it off, and another one sets its QoS. */
  readonly control: 'switchable' | 'always';
  readonly description: string;
}

/**
 * Everything the node publishes. Reliable, because a reliable publisher serves best-effort subscribers as well, and the
 * other way round nothing arrives.
 */
export const OUTPUT_TOPICS = [
  {
    key: 'mask',
    name: '~/mask',
    type: 'sensor_msgs/msg/Image',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 5 },
    control: 'switchable',
    description: 'mono8, pixel = class id; stamp and frame of the reference image',
  },
  {
    key: 'mask_color',
    name: '~/mask_color/compressed',
    type: 'sensor_msgs/msg/CompressedImage',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 1 },
    control: 'switchable',
    description:
      "PNG of the mask in its classes' colours, unlabeled pixels transparent; made only while someone listens",
  },
  {
    key: 'confidence',
    name: '~/confidence',
    type: 'sensor_msgs/msg/Image',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 5 },
    control: 'switchable',
    description: 'mono8, 255 = certain; same stamp; none where the model gives no confidence',
  },
  {
    key: 'label_info',
    name: '~/label_info',
    type: 'vision_msgs/msg/LabelInfo',
    durability: 'transient_local',
    qos: { reliability: 'reliable', depth: 1 },
    control: 'always',
    description: 'name of every class id; latched; 255 = unlabeled',
  },
  {
    key: 'overlay',
    name: '~/overlay',
    type: 'sensor_msgs/msg/Image',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 1 },
    control: 'switchable',
    description: 'rgb8, the mask over the camera image; made only while someone listens',
  },
  {
    key: 'overlay_compressed',
    name: '~/overlay/compressed',
    type: 'sensor_msgs/msg/CompressedImage',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 1 },
    control: 'switchable',
    description: 'the same as JPEG; made only while someone listens',
  },
  {
    key: 'semantic_mask',
    name: '~/semantic_mask',
    type: 'mle_sam_ros/msg/SemanticMask',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 5 },
    control: 'switchable',
    description: 'mask, class map, present and absent modalities, routing weights and timings in one message',
  },
  {
    key: 'mask_info',
    name: '~/mask_info',
    type: 'diagnostic_msgs/msg/DiagnosticArray',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 5 },
    control: 'switchable',
    description: 'what each mask was made from, in a standard type; stamp and frame of the mask',
  },
  {
    key: 'points',
    name: '~/points',
    type: 'sensor_msgs/msg/PointCloud2',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 5 },
    control: 'switchable',
    description:
      "each LiDAR's points with `label`, `confidence` and `rgb`, in its own frame and stamp; 255 where the camera " +
      'does not see the point; made only while someone listens',
  },
  {
    key: 'modality_status',
    name: '~/modality_status',
    type: 'mle_sam_ros/msg/ModalityStatusArray',
    durability: 'transient_local',
    qos: { reliability: 'reliable', depth: 1 },
    control: 'always',
    description: 'state, reason, age and rate of every modality; on change and with the diagnostics; latched',
  },
  {
    key: 'diagnostics',
    name: '/diagnostics',
    type: 'diagnostic_msgs/msg/DiagnosticArray',
    durability: 'volatile',
    qos: { reliability: 'reliable', depth: 10 },
    control: 'always',
    description: 'one status a modality, one each for sync and inference',
  },
] as const satisfies readonly OutputTopic[];

export type OutputKey = (typeof OUTPUT_TOPICS)[number]['key'];

/** Topics with one message a mask; none of them needs a mask while nobody listens. */
export const MASK_TOPICS: readonly OutputKey[] = OUTPUT_TOPICS.filter(({ control }) => control === 'switchable').map(
  ({ key }) => key,
);

/** What `modalities.<m>.type` calls the two forms of an image. */
export const IMAGE_FORMS = {
  raw: 'sensor_msgs/msg/Image',
  compressed: 'sensor_msgs/msg/CompressedImage',
} as const;

/** Transforms are read from where tf2 publishes them; both names can be remapped. */
export const TRANSFORM_TOPICS = { dynamic: '/tf', static: '/tf_static' } as const;

/** Where a modality's messages and its CameraInfo are expected unless configured otherwise; relative names. */
export interface InputTopics {
  topic: string;
  /** LiDARs have none. */
  cameraInfo?: string;
}

/** The input topics of a modality by what kind of sensor it is: `camera/image`, `lidar/points`, `events`. */
export function inputTopics({ name, role }: ModalityRole): InputTopics {
  // A manifest may call a modality `near-ir`, which is no name for a topic.
  const base = name.replace(/[^A-Za-z0-9_]/g, '_');
  switch (role) {
    case 'camera':
    case 'depth':
    case 'ground-truth':
      return { topic: `${base}/image`, cameraInfo: `${base}/camera_info` };
    case 'events':
      return { topic: base, cameraInfo: `${base}/camera_info` };
    case 'lidar':
      return { topic: `${base}/points` };
  }
}

/** QoS of a subscription unless configured: what sensor drivers publish with; events come in many small packets. */
export function inputQos(role: TopicRole): TopicQos {
  return { reliability: 'best_effort', depth: role === 'events' ? 100 : 5 };
}
