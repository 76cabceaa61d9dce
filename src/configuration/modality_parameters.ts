import { messageTypesFor } from '../pipeline/index.js';
import { streamConfigSchema } from '../sync/index.js';
import type { ParameterDefinition } from './definition.js';
import { FRAME_FORMAT } from './node_parameters.js';
import { numberRules } from './schema_numbers.js';
import { inputQos, inputTopics, type ModalityRole } from './topics.js';

const { shape: stream } = streamConfigSchema;
const IS_ENABLED = stream.availability.parse(undefined) === 'enabled';
const IS_ESSENTIAL = stream.necessity.parse(undefined) === 'essential';
const PERIOD = numberRules(stream.periodMs.unwrap(), 0);
const OFFSET = numberRules(stream.offsetMs);
const TOLERANCE = numberRules(stream.toleranceMs.unwrap(), 0);

/** Names as the graph takes them: relative, absolute or in the node's own namespace. */
const TOPIC_FORMAT = {
  pattern: /^(~\/|\/)?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/,
  words: 'a topic name of letters, digits, _ and /',
};

/** Parameters of one modality, all below `modalities.<name>`. */
export function modalityParameters(modality: ModalityRole): ParameterDefinition[] {
  return [...topicParameters(modality), ...streamParameters(modality), ...qosParameters(modality)];
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
      choices: ['auto', ...messageTypesFor(modality.role)],
      applies: 'activate',
      description: 'message type; auto: what the publishers of the topic have',
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
      description: 'reliable: lost messages are sent again, if the driver publishes reliably too; else nothing arrives',
    },
    {
      name: `${prefix}.depth`,
      type: 'integer',
      default: depth,
      range: { from: 1, to: 10_000 },
      applies: 'activate',
      description: 'messages kept while the node is busy',
    },
  ];
}
