import type { GraphPublisher, QosProfile, RosNode } from '../ros/index.js';

/**
 * How to subscribe to a topic that is published already.
 * @param topic - full name
 * @returns undefined while nobody publishes there
 * @throws Error where publishers disagree on the type
 */
export function offerOn(ros: RosNode, topic: string, depth: number): { type: string; qos: QosProfile } | undefined {
  const publishers = ros.publishersOf(topic);
  const [type, another] = [...new Set(publishers.map((publisher) => publisher.type))];
  if (type === undefined) return undefined;
  if (another !== undefined) throw new Error(`Expected one type on ${topic} but received ${type} and ${another}.`);
  return { type, qos: commonQos(publishers, depth) };
}

/** What all publishers of a topic offer, so that nothing is missed. */
export function commonQos(publishers: readonly Pick<GraphPublisher, 'qos'>[], depth: number): QosProfile {
  const all = (fits: (qos: QosProfile) => boolean) => publishers.every(({ qos }) => fits(qos));
  return {
    reliability: all(({ reliability }) => reliability === 'reliable') ? 'reliable' : 'best_effort',
    durability: all(({ durability }) => durability === 'transient_local') ? 'transient_local' : 'volatile',
    depth,
  };
}
