import {
  inputQos,
  inputTopics,
  type ModalityRole,
  OUTPUT_TOPICS,
  type TopicQos,
  TRANSFORM_TOPICS,
} from '../configuration/topics.js';
import { messageTypesFor } from '../pipeline/index.js';

/** What the node publishes, in Markdown. */
export function renderOutputTable(): string {
  return [
    '| topic | type | QoS | what |',
    '|---|---|---|---|',
    ...OUTPUT_TOPICS.map(({ name, type, qos, durability, description }) => {
      const latched = durability === 'transient_local' ? ', transient local' : '';
      return `| \`${name}\` | \`${shortType(type)}\` | ${qosWords(qos)}${latched} | ${description} |`;
    }),
  ].join('\n');
}

/** What the node reads unless it is remapped, in Markdown. */
export function renderInputTable(modalities: readonly ModalityRole[]): string {
  const sensors = modalities.map((modality) => {
    const types = messageTypesFor(modality.role).map((type) => `\`${shortType(type)}\``);
    return `| \`${inputTopics(modality).topic}\` | ${types.join(', ')} | ${qosWords(inputQos(modality.role))} |`;
  });
  const infos = modalities.flatMap((modality) => inputTopics(modality).cameraInfo ?? []);
  return [
    '| topic | type | QoS |',
    '|---|---|---|',
    ...sensors,
    `| ${infos.map((name) => `\`${name}\``).join(', ')} | \`sensor_msgs/CameraInfo\` | best effort |`,
    `| \`${TRANSFORM_TOPICS.dynamic}\`, \`${TRANSFORM_TOPICS.static}\` | \`tf2_msgs/TFMessage\` | as of tf2 |`,
  ].join('\n');
}

function shortType(type: string): string {
  return type.replace('/msg/', '/');
}

function qosWords({ reliability, depth }: TopicQos): string {
  return `${reliability.replace('_', ' ')}, ${depth}`;
}
