import type { FaultBinding, SensorKind } from '../faults/index.js';

/** A sensor's topic and the topic its messages are passed on to. */
export interface RelayedTopic {
  modality: string;
  kind: SensorKind;
  /** Where the sensor's driver publishes. */
  from: string;
  /** What the node under test listens to. */
  to: string;
}

const KINDS: readonly string[] = ['camera', 'depth', 'events', 'lidar'] satisfies SensorKind[];

/** The inputs of the node by its own names; what is not published is simply never relayed. */
export const DEFAULT_RELAYED: readonly string[] = [
  'camera=/camera/image',
  'depth=/depth/image',
  'events=/events',
  'lidar=/lidar/points',
];

/** `/camera/image`, as ROS allows it: words of letters, digits and _, none starting with a digit. */
const ABSOLUTE_NAME = /^(\/[A-Za-z_][A-Za-z0-9_]*)+$/;

/**
 * Reads the topics to relay.
 * @param texts - `MODALITY=/topic`, or `MODALITY:KIND=/topic` where the name does not say what kind of sensor it is
 * @param prefix - goes before a topic's name: `/faulty` makes `/faulty/camera/image` of `/camera/image`
 * @throws Error with one sentence for a text that is none, a topic or a modality that occurs twice
 */
export function parseRelayedTopics(texts: readonly string[], prefix: string): RelayedTopic[] {
  if (!ABSOLUTE_NAME.test(prefix)) {
    throw new Error(`Expected a name like /faulty for the prefix of relayed topics but received '${prefix}'.`);
  }
  const topics = texts.map((text) => parseRelayedTopic(text, prefix));
  for (const key of ['modality', 'from'] as const) {
    const values = topics.map((topic) => topic[key]);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) throw new Error(`Expected each ${NAMES[key]} once but received '${twice}' twice.`);
  }
  return topics;
}

const NAMES = { modality: 'modality', from: 'relayed topic' } as const;

/** The topics faults act on. */
export function bindingOf(topics: readonly RelayedTopic[]): FaultBinding {
  return new Map(topics.map(({ modality, kind, from }) => [modality, { topic: from, kind }]));
}

function parseRelayedTopic(text: string, prefix: string): RelayedTopic {
  const [, modality, kindText, from] = /^([^:=\s]+)(?::([^=\s]*))?=(\S+)$/.exec(text) ?? [];
  if (modality === undefined || from === undefined || !ABSOLUTE_NAME.test(from)) {
    throw new Error(
      `Expected MODALITY=/topic for a topic to relay, as in camera=/camera/image, but received '${text}'.`,
    );
  }
  const kind = kindText ?? modality;
  if (!isSensorKind(kind)) {
    throw new Error(
      `Expected ${KINDS.join(', ')} for the kind of sensor of ${modality} but received '${kind}': ` +
        `write ${modality}:KIND=${from}.`,
    );
  }
  return { modality, kind, from, to: `${prefix}${from}` };
}

function isSensorKind(text: string): text is SensorKind {
  return KINDS.includes(text);
}
