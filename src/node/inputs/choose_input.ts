import { COMPRESSED_SUFFIX, messageTypesFor, type TopicRole } from '../../pipeline/index.js';

/** What is to be read. */
export interface WantedInput {
  /** Full name. */
  topic: string;
  /** A message type, or whatever the publishers have that a sensor of this role can be read from. */
  accepts: { kind: 'type'; type: string; role?: TopicRole } | { kind: 'role'; role: TopicRole };
}

export type InputChoice =
  | { kind: 'found'; topic: string; type: string }
  /** Nobody publishes yet. */
  | { kind: 'absent' }
  /** Somebody publishes what this sensor cannot be. */
  | { kind: 'unsuitable'; reason: string };

const COMPRESSED_TYPE = 'sensor_msgs/msg/CompressedImage';

/**
 * Finds out what to subscribe to. A type that was set is taken as it is, publisher or not. Otherwise the publishers
 * decide: those of the topic itself, then those of its compressed copy.
 * @param publishedTypes - types of the publishers of a topic
 */
export function chooseInput(
  { topic, accepts }: WantedInput,
  publishedTypes: (topic: string) => readonly string[],
): InputChoice {
  if (accepts.kind === 'type') {
    const { type, role } = accepts;
    const suffix = role && COMPRESSED_SUFFIX[role];
    const isCopy = type === COMPRESSED_TYPE && !publishedTypes(topic).includes(type) && suffix !== undefined;
    const isThere = isCopy && publishedTypes(topic + suffix).includes(type);
    return { kind: 'found', topic: isThere ? topic + suffix : topic, type };
  }
  const { role } = accepts;
  const readable = messageTypesFor(role);
  const own = publishedTypes(topic);
  const type = readable.find((candidate) => own.includes(candidate));
  if (type !== undefined) return { kind: 'found', topic, type };
  const suffix = COMPRESSED_SUFFIX[role];
  if (suffix !== undefined && publishedTypes(topic + suffix).includes(COMPRESSED_TYPE)) {
    return { kind: 'found', topic: topic + suffix, type: COMPRESSED_TYPE };
  }
  if (own.length === 0) return { kind: 'absent' };
  return {
    kind: 'unsuitable',
    reason: `Expected ${readable.join(' or ')} on ${topic} but it is published as ${own.join(', ')}: remap or set the topic`,
  };
}
