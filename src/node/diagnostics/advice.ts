import { LEVEL, type Level } from '../../pipeline/index.js';
import { adviseReason, type ModalityStatus, type Reason } from '../../sync/index.js';
import type { TopicReport } from './report.js';

/** Why a modality has nothing to offer, as far as its topics tell. */
export interface TopicTrouble {
  level: Level;
  /** What the topics tell; undefined where they tell no more than the state's reason. */
  what: string | undefined;
  /** One or two sentences for whoever has to correct it. */
  toDo: string;
}

/**
 * Looks for the reason of a silence where messages are lost before the node sees them: nobody publishes, QoS that do
 * not fit, a package that is missing, messages too large for the transport, a driver that has fallen silent.
 * @returns undefined where messages come, or where silence is wanted
 */
export function topicTrouble(
  { modality, state, cause }: ModalityStatus,
  topics: readonly TopicReport[],
): TopicTrouble | undefined {
  const sensor = topics.find((topic) => topic.purpose === 'sensor' && topic.modality === modality);
  if (state === 'disabled' || sensor === undefined) return undefined;
  const { topic, publishers, conflicts, messages, problem } = sensor;
  if (problem !== undefined) {
    return { level: LEVEL.error, what: problem, toDo: `Mend that, or set modalities.${modality}.enabled to false.` };
  }
  const isSilent = state === 'waiting' || state === 'dropped';
  if (isSilent && publishers === 0) {
    return {
      level: LEVEL.stale,
      what: `nobody publishes ${topic}`,
      toDo: `Start the driver, or remap the topic or set modalities.${modality}.topic to where it publishes.`,
    };
  }
  if (isSilent && conflicts.length >= publishers) {
    return {
      level: LEVEL.error,
      what: `the QoS of ${topic} do not fit: ${conflicts.join('; ')}`,
      toDo: `Set modalities.${modality}.qos.reliability to best_effort, or let the driver publish reliably.`,
    };
  }
  if (state === 'waiting' && messages === 0) {
    return {
      level: LEVEL.error,
      what: `${count(publishers, 'publisher')} on ${topic}, but nothing arrives`,
      toDo:
        'Large messages do not fit the default transport of Fast DDS: start the publisher with the Fast DDS profile ' +
        'config/fastdds_large_images.xml of this package. If that is not it, see whether it publishes at all.',
    };
  }
  if (state === 'dropped') {
    return {
      level: LEVEL.error,
      what: `${count(publishers, 'publisher')} on ${topic}, but no message any more`,
      toDo: 'The driver is there and silent: look at its log and at the cable of the sensor.',
    };
  }
  return state === 'invalid' && cause !== undefined ? contentTrouble(cause, topics) : undefined;
}

/** What a sensor cannot be used for want of, and whether the topics tell where it is lost. */
function contentTrouble(cause: Reason, topics: readonly TopicReport[]): TopicTrouble | undefined {
  const toDo = adviseReason(cause, 'robot');
  if (toDo === undefined) return undefined;
  const info = topics.find(
    ({ purpose, modality }) =>
      purpose === 'camera-info' && cause.code === 'camera-info-missing' && modality === cause.modality,
  );
  if (info?.messages === 0) return { level: LEVEL.error, what: `no CameraInfo on ${info.topic}`, toDo };
  const transforms = topics.filter(({ purpose }) => purpose === 'transforms');
  const isUnheard = transforms.length > 0 && transforms.every(({ messages }) => messages === 0);
  if (cause.code === 'transform-missing' && isUnheard) {
    const what = `nothing on ${transforms.map(({ topic }) => topic).join(' and ')}`;
    return { level: LEVEL.error, what, toDo: `${toDo} In a namespace remap both topics.` };
  }
  return { level: LEVEL.error, what: undefined, toDo };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
