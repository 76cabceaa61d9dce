import { FALLBACK_STARTS, PROVIDER_REQUESTS } from '../model/index.js';
import { pipelineConfigSchema } from '../pipeline/index.js';
import { syncOptionsSchema } from '../sync/index.js';
import type { ParameterDefinition } from './definition.js';
import { numberRules } from './schema_numbers.js';
import { OUTPUT_TOPICS } from './topics.js';

const { shape: sync } = syncOptionsSchema;
const { shape: pipeline } = pipelineConfigSchema;

const BASE_FRAME = pipeline.baseFrame.parse(undefined);
const FROZEN_AFTER = numberRules(pipeline.identicalLimit);

/** Names as the graph takes them: relative, absolute or in the node's own namespace. */
export const TOPIC_FORMAT = {
  pattern: /^(~\/|\/)?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/,
  words: 'a topic name of letters, digits, _ and /',
};

/** A frame as tf2 takes it: without a leading slash. */
export const FRAME_FORMAT = { pattern: /^[^/\s]\S*$/, words: 'the name of a frame, without a leading /' };

/**
 * Parameters that do not depend on the model.
 * @param modalities - names the reference may be chosen from; empty while no model is loaded
 */
export function nodeParameters(modalities: readonly string[]): ParameterDefinition[] {
  return [...MODEL, ...sensorParameters(modalities), ...SYNC, ...OUTPUTS];
}

const MODEL: readonly ParameterDefinition[] = [
  {
    name: 'model',
    type: 'string',
    default: '',
    applies: 'configure',
    description: 'folder of the model bundle; empty: the one that comes with the package',
  },
  {
    name: 'fallbacks',
    type: 'string_array',
    default: [],
    choices: [],
    elements: { words: 'folders of model bundles', example: ['models/depth_and_lidar'] },
    applies: 'configure',
    description:
      'models that make the mask where those before have not the sensors they need, best first; ' +
      'masks keep the classes and the size of the first model',
  },
  {
    name: 'fallback_start',
    type: 'string',
    default: 'warm',
    choices: FALLBACK_STARTS,
    applies: 'configure',
    description: 'warm: fallbacks are started with the first model; lazy: when needed, which costs the first masks',
  },
  {
    name: 'provider',
    type: 'string',
    default: 'auto',
    choices: PROVIDER_REQUESTS,
    applies: 'configure',
    description: 'where the model runs; auto: the fastest one here that reproduces the golden labels',
  },
  {
    name: 'provider_required',
    type: 'bool',
    default: false,
    applies: 'configure',
    description: 'fail rather than run on another provider than the one named',
  },
  {
    name: 'device_id',
    type: 'integer',
    default: 0,
    range: { from: 0, to: 63 },
    applies: 'configure',
    description: 'which GPU, where there are several',
  },
  {
    name: 'engine_cache',
    type: 'string',
    default: '',
    applies: 'configure',
    description: "folder of the graphs built for a GPU; empty: the user's cache folder",
  },
  {
    name: 'threads',
    type: 'integer',
    default: 0,
    range: { from: 0, to: 64 },
    applies: 'configure',
    description: 'CPU threads of one run; 0: all cores, at most 4',
  },
  {
    name: 'inference_timeout_ms',
    type: 'integer',
    default: 5000,
    range: { from: 0, to: 600_000 },
    unit: 'ms',
    applies: 'configure',
    description: 'an inference worker that takes longer over one set is replaced; 0: never',
  },
  {
    name: 'start_timeout_ms',
    type: 'integer',
    default: 120_000,
    range: { from: 0, to: 3_600_000 },
    unit: 'ms',
    applies: 'configure',
    description: 'a provider that takes longer over one step of its start is left for the next one; 0: never',
  },
  {
    name: 'autostart',
    type: 'bool',
    default: true,
    applies: 'start',
    scope: 'node',
    description: 'configure and activate on start, without a lifecycle manager',
  },
  {
    name: 'always_on',
    type: 'bool',
    default: false,
    applies: 'live',
    scope: 'node',
    description: 'make masks also while nothing subscribes to them',
  },
  {
    name: 'idle_check_s',
    type: 'integer',
    default: 20,
    range: { from: 0, to: 3600 },
    unit: 's',
    applies: 'live',
    scope: 'node',
    description: 'while nothing subscribes to masks, sensors are subscribed to for 2 s in so many; 0: all the time',
  },
  {
    name: 'minimum',
    type: 'string',
    default: '',
    format: {
      pattern: /^$|^[^\s|+]+([|+][^\s|+]+)*$/,
      words: 'modalities joined by | (or) and + (and), as in camera|depth+lidar, or any',
    },
    applies: 'activate',
    scope: 'node',
    description:
      'what a mask must be made of at least, as in camera|depth+lidar; any: no matter; empty: not events alone',
  },
  {
    name: 'diagnostics_period_ms',
    type: 'integer',
    default: 1000,
    range: { from: 100, to: 10_000 },
    unit: 'ms',
    applies: 'live',
    scope: 'node',
    description: 'time between two messages on /diagnostics',
  },
];

function sensorParameters(modalities: readonly string[]): ParameterDefinition[] {
  return [
    {
      name: 'base_frame',
      type: 'string',
      default: BASE_FRAME,
      format: FRAME_FORMAT,
      applies: 'activate',
      description: 'frame on the ground, z up, that heights are measured in',
    },
    {
      name: 'reference_priority',
      type: 'string_array',
      default: [],
      choices: modalities,
      applies: 'activate',
      description: "modalities that may pace the masks, best first; empty: the model's order, event cameras last",
    },
    {
      name: 'frozen_after',
      ...FROZEN_AFTER,
      applies: 'live',
      description: 'identical messages in a row that make a sensor frozen where another one sees motion; 0: never',
    },
    {
      name: 'static_transforms',
      type: 'string_array',
      default: [],
      choices: [],
      elements: {
        words: 'files or transforms',
        example: ['robot.urdf', '--x 1.2 --z 1.6 --yaw 0.02 --frame-id base_link --child-frame-id lidar'],
      },
      applies: 'activate',
      description:
        'mounts beside those on /tf_static: a URDF, a YAML dump or a bag of /tf_static, ' +
        'or the arguments of static_transform_publisher',
    },
    {
      name: 'fixed_frame',
      type: 'string',
      default: '',
      format: { pattern: new RegExp(`^$|${FRAME_FORMAT.pattern.source}`), words: FRAME_FORMAT.words },
      applies: 'activate',
      description:
        'frame that does not move with the vehicle, such as odom: sensors are carried to the time of the picture ' +
        'by it; empty: they are not',
    },
    {
      name: 'odometry_topic',
      type: 'string',
      default: '',
      format: { pattern: new RegExp(`^$|${TOPIC_FORMAT.pattern.source}`), words: TOPIC_FORMAT.words },
      applies: 'activate',
      description: 'nav_msgs/Odometry that tells the pose in fixed_frame where /tf does not; empty: none',
    },
    {
      name: 'static_transforms_look_ahead',
      type: 'bool',
      default: true,
      applies: 'activate',
      scope: 'desk',
      description: 'mounts that a bag tells late, as at its end, hold from its beginning',
    },
    {
      name: 'ground_truth_topic',
      type: 'string',
      default: '',
      format: { pattern: new RegExp(`^$|${TOPIC_FORMAT.pattern.source}`), words: TOPIC_FORMAT.words },
      applies: 'activate',
      scope: 'desk',
      description: 'label images that a replay scores the masks against; empty: found by name',
    },
  ];
}

const SYNC: readonly ParameterDefinition[] = [
  {
    name: 'sync.deadline_ms',
    ...numberRules(sync.deadlineMs),
    unit: 'ms',
    applies: 'live',
    description: 'longest wait for the other sensors, from the arrival of the reference sample',
  },
  {
    name: 'sync.late_periods',
    ...numberRules(sync.latePeriods),
    unit: 'periods',
    applies: 'live',
    description: 'silence that makes a sensor late; while the reference is late, another sensor paces the masks',
  },
  {
    name: 'sync.drop_periods',
    ...numberRules(sync.dropPeriods),
    unit: 'periods',
    applies: 'live',
    description: 'silence that makes a sensor dropped; it is no longer waited for',
  },
  {
    name: 'sync.drop_silence_ms',
    ...numberRules(sync.dropSilenceMs),
    unit: 'ms',
    applies: 'live',
    description: 'no sensor is dropped before this long a silence, however short its period',
  },
  {
    name: 'sync.invalid_after',
    ...numberRules(sync.invalidAfter),
    applies: 'live',
    description: 'bad samples in a row that make a sensor invalid',
  },
  {
    name: 'sync.recover_after',
    ...numberRules(sync.recoverAfter),
    applies: 'live',
    description: 'good samples in a row that bring a sensor back',
  },
  {
    name: 'sync.clock_jump_ms',
    ...numberRules(sync.clockJumpMs),
    unit: 'ms',
    applies: 'live',
    description: 'latencies by the stamps that differ by more belong to different clocks',
  },
];

const OVERLAY: readonly ParameterDefinition[] = [
  {
    name: 'outputs.overlay.opacity',
    type: 'double',
    default: 0.5,
    range: { from: 0, to: 1 },
    applies: 'live',
    description: 'of the mask over the camera image, in both overlays',
  },
];

const OVERLAY_COMPRESSED: readonly ParameterDefinition[] = [
  {
    name: 'outputs.overlay_compressed.quality',
    type: 'integer',
    default: 80,
    range: { from: 1, to: 100 },
    applies: 'live',
    description: 'of the JPEG: 100 is best and largest',
  },
];

const SWITCHABLE = OUTPUT_TOPICS.filter(({ control }) => control === 'switchable');

const OUTPUTS: readonly ParameterDefinition[] = onNodeOnly([
  {
    name: 'outputs.size',
    type: 'string',
    default: 'camera',
    choices: ['camera', 'model'],
    applies: 'live',
    description: "size of mask, confidence and overlay: the reference camera's, or the model's own",
  },
  ...SWITCHABLE.flatMap(({ key, qos }): ParameterDefinition[] => [
    {
      name: `outputs.${key}.publish`,
      type: 'bool',
      default: true,
      applies: 'live',
      description: 'whether this topic is published, while someone listens',
    },
    ...(key === 'overlay' ? OVERLAY : []),
    ...(key === 'overlay_compressed' ? OVERLAY_COMPRESSED : []),
    {
      name: `outputs.${key}.qos.reliability`,
      type: 'string',
      default: qos.reliability,
      choices: ['reliable', 'best_effort'],
      applies: 'configure',
      description: 'a best-effort publisher reaches best-effort subscribers only',
    },
    {
      name: `outputs.${key}.qos.depth`,
      type: 'integer',
      default: qos.depth,
      range: { from: 1, to: 1000 },
      applies: 'configure',
      description: 'messages kept for a slow subscriber',
    },
  ]),
]);

/** Nothing is published at a desk. */
function onNodeOnly(definitions: readonly ParameterDefinition[]): ParameterDefinition[] {
  return definitions.map((definition) => ({ ...definition, scope: 'node' }));
}
