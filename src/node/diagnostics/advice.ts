import { LEVEL, type Level } from '../../pipeline/index.js';
import type { SensorReason } from '../../sensors/index.js';
import { adviseReason, describeReason, type ModalityStatus, type Reason } from '../../sync/index.js';
import type { NodeReport, TopicReport } from './report.js';

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
  { topics, calibration }: Pick<NodeReport, 'topics' | 'calibration'>,
): TopicTrouble | undefined {
  const sensor = topics.find((topic) => topic.purpose === 'sensor' && topic.modality === modality);
  if (state === 'disabled' || sensor === undefined) return undefined;
  const { topic, publishers, conflicts, messages, problem } = sensor;
  const info = topics.find((other) => other.purpose === 'camera-info' && other.modality === modality);
  if (problem !== undefined) {
    return { level: LEVEL.error, what: problem, toDo: `Correct that, or set modalities.${modality}.enabled to false.` };
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
      toDo: `${USE_PROFILE} If that is not it, see whether it publishes at all.`,
    };
  }
  const loss = lossTrouble(sensor, info);
  if (loss !== undefined) return state === 'dropped' ? { ...loss, level: LEVEL.error } : loss;
  if (state === 'dropped') {
    const large = isLarge(sensor) ? ` Where it is not silent: ${USE_PROFILE}` : '';
    return {
      level: LEVEL.error,
      what: `${count(publishers, 'publisher')} on ${topic}, but no message any more`,
      toDo: `The driver is there and silent: look at its log and at the cable of the sensor.${large}`,
    };
  }
  if (state === 'invalid') return cause === undefined ? undefined : contentTrouble(cause, topics);
  return rivals(sensor) ?? calibrationTrouble(calibration.get(modality)) ?? (info && rivals(info));
}

const USE_PROFILE =
  'Large messages do not fit the default transport of Fast DDS: start the publisher with the Fast DDS profile ' +
  'config/fastdds_large_images.xml of this package.';

/** What the default shared memory of Fast DDS, 512 KB, surely cannot take several of. */
const LARGE_BYTES = 200_000;
/** Fewer messages than this part of what the rhythm of the stamps promises is a loss, and no jitter or a pause of the sensor. */
const LOSSY = 0.7;
/** A driver sends a CameraInfo with each image: where fewer images come than this part, and some less by count, they are lost. */
const FEWER = 0.9;
const FEWER_BY = 3;
/** Above this share of lost messages a sensor is worth a look. */
const LOST_SHARE = 0.1;

function isLarge({ messages, bytes }: TopicReport): boolean {
  return messages > 0 && bytes / messages > LARGE_BYTES;
}

/**
 * Messages that are lost on the way: fewer arrive than their CameraInfo, or than the rhythm of their stamps says, or the
 * middleware counts them.
 */
function lossTrouble(sensor: TopicReport, info: TopicReport | undefined): TopicTrouble | undefined {
  const { topic, messages, lostLately } = sensor;
  const hz = sensor.rateHz ?? 0;
  const infoHz = info?.rateHz ?? 0;
  const announced = Math.max(infoHz, sensor.steadyHz ?? 0);
  const received = hz * 5;
  const isCounted = lostLately > LOST_SHARE * (received + lostLately) && lostLately > 1;
  const missing = ((infoHz - hz) * (info?.spanMs ?? 0)) / 1000;
  const isShort = infoHz >= 1 && hz < FEWER * infoHz && missing >= FEWER_BY;
  const isBehind = messages > 0 && (isShort || (announced >= 1 && hz < LOSSY * announced));
  if (!isBehind && !isCounted) return undefined;
  const source = infoHz >= (sensor.steadyHz ?? 0) ? 'its CameraInfo comes' : 'the rhythm of its stamps is';
  const what = isBehind
    ? `${hz.toFixed(1)} messages a second arrive on ${topic}, ${source} ${announced.toFixed(1)} a second`
    : `${lostLately} messages of ${topic} were lost in the last seconds`;
  const otherwise =
    'See whether the network or the processor of this machine is at its limit, and compress the images.';
  return { level: LEVEL.warn, what, toDo: isLarge(sensor) ? `${USE_PROFILE} ${otherwise}` : otherwise };
}

/** Two senders on one topic look like one sensor that jumps about. */
function rivals({ topic, publishers, publisherNodes }: TopicReport): TopicTrouble | undefined {
  if (publishers < 2) return undefined;
  return {
    level: LEVEL.warn,
    what: `${count(publishers, 'publisher')} on ${topic}: ${publisherNodes.join(', ')}`,
    toDo: 'Stop one of them or give it a topic of its own. One that was killed is forgotten after some seconds.',
  };
}

function calibrationTrouble(reason: SensorReason | undefined): TopicTrouble | undefined {
  if (reason === undefined) return undefined;
  return { level: LEVEL.warn, what: describeReason(reason), toDo: adviseReason(reason, 'robot') ?? '' };
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
