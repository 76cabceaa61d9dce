import { messageTypesFor, sensorConfigSchema } from '../pipeline/index.js';
import { streamConfigSchema } from '../sync/index.js';
import type { ParameterDefinition } from './definition.js';
import { FRAME_FORMAT, TOPIC_FORMAT } from './node_parameters.js';
import { type NumberRules, numberRules } from './schema_numbers.js';
import { IMAGE_FORMS, inputQos, inputTopics, type ModalityRole } from './topics.js';

const { shape: stream } = streamConfigSchema;
const IS_ENABLED = stream.availability.parse(undefined) === 'enabled';
const IS_ESSENTIAL = stream.necessity.parse(undefined) === 'essential';
const PERIOD = numberRules(stream.periodMs.unwrap(), 0);
const OFFSET = numberRules(stream.offsetMs);
const TOLERANCE = numberRules(stream.toleranceMs.unwrap(), 0);

const { shape: sensor } = sensorConfigSchema;
const INTENSITY_FULL_SCALE = numberRules(sensor.intensityFullScale.unwrap(), 0);
const DEPTH_SCALE = numberRules(sensor.depthScale.unwrap(), 0);
const BIT_DEPTH = orElse(numberRules(sensor.bitDepth.unwrap(), 0), 0);
const FROZEN_AFTER = orElse(numberRules(sensor.frozenAfter.unwrap(), -1), -1);
const DILATION = orElse(numberRules(sensor.dilation.unwrap(), -1), -1);

/** The same rules, with one value below them that stands for "not given". */
function orElse({ type, range }: NumberRules, absent: number): NumberRules {
  return { type, range: { from: absent, to: range.to }, default: absent };
}

/** Parameters of one modality, all below `modalities.<name>`. */
export function modalityParameters(modality: ModalityRole): ParameterDefinition[] {
  return [
    ...topicParameters(modality),
    ...sensorParameters(modality),
    ...frozenParameter(modality),
    ...streamParameters(modality),
    ...qosParameters(modality),
  ];
}

function topicParameters(modality: ModalityRole): ParameterDefinition[] {
  const { topic, cameraInfo } = inputTopics(modality);
  const prefix = `modalities.${modality.name}`;
  const definitions: ParameterDefinition[] = [
    {
      name: `${prefix}.enabled`,
      type: 'bool',
      default: IS_ENABLED,
      applies: 'live',
      description: 'whether this sensor is used',
    },
    {
      name: `${prefix}.topic`,
      type: 'string',
      default: topic,
      format: TOPIC_FORMAT,
      applies: 'activate',
      description: 'where its messages come from; remapping works as well',
    },
    {
      name: `${prefix}.type`,
      type: 'string',
      default: 'auto',
      choices: ['auto', ...imageForms(modality.role), ...messageTypesFor(modality.role)],
      applies: 'activate',
      description: 'message type; auto: what the publishers of the topic, or else of its compressed copy, have',
    },
  ];
  if (cameraInfo === undefined) return definitions;
  return [
    ...definitions,
    {
      name: `${prefix}.camera_info_topic`,
      type: 'string',
      default: cameraInfo,
      format: TOPIC_FORMAT,
      applies: 'activate',
      description: 'where its CameraInfo comes from',
    },
    {
      name: `${prefix}.camera_info_file`,
      type: 'string',
      default: '',
      applies: 'activate',
      description: 'calibration file (as of camera_calibration) in force until a CameraInfo arrives; empty: none',
    },
    {
      name: `${prefix}.camera_info_frame`,
      type: 'string',
      default: '',
      format: { pattern: new RegExp(`^$|${FRAME_FORMAT.pattern.source}`), words: FRAME_FORMAT.words },
      applies: 'activate',
      description: 'frame of that calibration, which its file does not tell',
    },
    {
      name: `${prefix}.geometry`,
      type: 'string',
      default: 'raw',
      choices: ['raw', 'rectified'],
      applies: 'activate',
      description:
        'rectified: the pictures come from image_proc or the like, so that P of the CameraInfo describes them',
    },
  ];
}

/** Short names of the types images come in. */
function imageForms(role: ModalityRole['role']): string[] {
  return role === 'camera' || role === 'depth' ? Object.keys(IMAGE_FORMS) : [];
}

/** Scales and the like; 0, or -1 where 0 is a value, stands for what is found out or was trained with. */
function sensorParameters({ name, role }: ModalityRole): ParameterDefinition[] {
  const prefix = `modalities.${name}`;
  switch (role) {
    case 'camera':
      return [
        {
          name: `${prefix}.bit_depth`,
          ...BIT_DEPTH,
          applies: 'activate',
          description: 'bits of a 16-bit sample that are used, 9 to 16; 0: found out from the first pictures',
        },
      ];
    case 'depth':
      return [
        {
          name: `${prefix}.depth_scale`,
          ...DEPTH_SCALE,
          unit: 'm',
          applies: 'activate',
          description: 'metres that one unit of the samples stands for; 0: by the encoding and the first images',
        },
      ];
    case 'lidar':
      return [
        {
          name: `${prefix}.intensity_full_scale`,
          ...INTENSITY_FULL_SCALE,
          applies: 'activate',
          description: 'value of the intensity field that becomes 255; 0: found out from the first clouds',
        },
        {
          name: `${prefix}.dilation`,
          ...DILATION,
          unit: 'pixels',
          applies: 'activate',
          description:
            'pixels around its own that a point covers, more for a sparse LiDAR; -1: as the model was trained',
        },
      ];
    default:
      return [];
  }
}

/** When content that repeats is a fault. Of events that nothing happens again and again is natural. */
function frozenParameter({ name, role }: ModalityRole): ParameterDefinition[] {
  if (role === 'events') return [];
  return [
    {
      name: `modalities.${name}.frozen_after`,
      ...FROZEN_AFTER,
      applies: 'live',
      description:
        'identical messages in a row that make it frozen, whatever the others see; 0: never; -1: as frozen_after',
    },
  ];
}

function streamParameters({ name }: ModalityRole): ParameterDefinition[] {
  const prefix = `modalities.${name}`;
  return [
    {
      name: `${prefix}.essential`,
      type: 'bool',
      default: IS_ESSENTIAL,
      applies: 'live',
      description: 'no mask without this sensor',
    },
    {
      name: `${prefix}.expected`,
      type: 'bool',
      default: false,
      applies: 'live',
      scope: 'node',
      description: 'a fault where it has never been there; otherwise a sensor without a publisher is just not present',
    },
    {
      name: `${prefix}.period_ms`,
      ...PERIOD,
      unit: 'ms',
      applies: 'live',
      description: 'time between its messages; 0: learned',
    },
    {
      name: `${prefix}.offset_ms`,
      ...OFFSET,
      unit: 'ms',
      applies: 'live',
      description: 'how much later it stamps an instant than the other sensors do',
    },
    {
      name: `${prefix}.tolerance_ms`,
      ...TOLERANCE,
      unit: 'ms',
      applies: 'live',
      description: 'largest distance of its stamp from the reference; 0: three quarters of its period, 20 to 150',
    },
  ];
}

function qosParameters(modality: ModalityRole): ParameterDefinition[] {
  const { reliability, depth } = inputQos(modality.role);
  const prefix = `modalities.${modality.name}.qos`;
  return [
    {
      name: `${prefix}.reliability`,
      type: 'string',
      default: reliability,
      choices: ['best_effort', 'reliable'],
      applies: 'activate',
      scope: 'node',
      description: 'reliable: lost messages are sent again, if the driver publishes reliably too; else nothing arrives',
    },
    {
      name: `${prefix}.depth`,
      type: 'integer',
      default: depth,
      range: { from: 1, to: 10_000 },
      applies: 'activate',
      scope: 'node',
      description: 'messages kept while the node is busy',
    },
  ];
}
