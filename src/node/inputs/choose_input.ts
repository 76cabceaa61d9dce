import { COMPRESSED_SUFFIX, messageTypesFor, type TopicRole } from '../../pipeline/index.js';

/** What is to be read. */
export interface WantedInput {
  /** Full name. */
  topic: string;
  /** A message type, or whatever the publishers have that a sensor of this role can be read from. */
  accepts: { kind: 'type'; type: string } | { kind: 'role'; role: TopicRole };
}

export type InputChoice =
  | { kind: 'found'; topic: string; type: string }
  /** Nobody publishes yet. */
  | { kind: 'absent' }
  /** Somebody publishes what this sensor cannot be. */
  | { kind: 'unsuitable'; reason: string };

/**
 * Finds out what to subscribe to. A type that was set is taken as it is, publisher or not. Otherwise the publishers
 * decide: those of the topic itself, then those of its compressed copy.
 * @param publishedTypes - types of the publishers of a topic
 */
export function chooseInput(
  { topic, accepts }: WantedInput,
  publishedTypes: (topic: string) => readonly string[],
): InputChoice {
  if (accepts.kind === 'type') return { kind: 'found', topic, type: accepts.type };
  const { role } = accepts;
  const readable = messageTypesFor(role);
  const own = publishedTypes(topic);
  const type = readable.find((candidate) => own.includes(candidate));
  if (type !== undefined) return { kind: 'found', topic, type };
  const suffix = COMPRESSED_SUFFIX[role];
  if (suffix !== undefined && publishedTypes(topic + suffix).includes('sensor_msgs/msg/CompressedImage')) {
    return { kind: 'found', topic: topic + suffix, type: 'sensor_msgs/msg/CompressedImage' };
  }
  if (own.length === 0) return { kind: 'absent' };
  return {
    kind: 'unsuitable',
    reason: `Expected ${readable.join(' or ')} on ${topic} but it is published as ${own.join(', ')}: remap or set the topic`,
  };
}
