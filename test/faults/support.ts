import { type FaultBinding, FaultInjector, parseScenario } from '../../src/faults/index.js';
import { decodeMessage, type RawMessage } from '../../src/messages/index.js';
import { TINY_TOPICS } from '../support/tiny_rig.js';

export const BINDING: FaultBinding = new Map([
  ['camera', { topic: TINY_TOPICS.camera, kind: 'camera', infoTopic: '/camera/camera_info' }],
  ['depth', { topic: TINY_TOPICS.depth, kind: 'depth' }],
  ['events', { topic: TINY_TOPICS.events, kind: 'events' }],
  ['lidar', { topic: TINY_TOPICS.lidar, kind: 'lidar' }],
]);

/** An injector of one scenario with the given faults, each a line of YAML flow style. */
export function injector(...faults: readonly string[]): FaultInjector {
  const list = faults.map((fault) => `  - { ${fault} }`).join('\n');
  return new FaultInjector({
    scenario: parseScenario(`name: test\nfaults:\n${list}`, 'test'),
    binding: BINDING,
    seed: 1,
  });
}

/** Sends messages through an injector, one after the other, and what it holds at the end. */
export async function send(through: FaultInjector, messages: readonly RawMessage[]): Promise<RawMessage[]> {
  const out: RawMessage[] = [];
  for (const message of messages) out.push(...(await through.receive(message)));
  return [...out, ...through.flush()];
}

/** One message through one fault, decoded. */
export async function faulty<T>(fault: string, message: RawMessage): Promise<T> {
  const [out] = await send(injector(fault), [message]);
  if (out === undefined) throw new Error('Expected a message but it was lost');
  return decodeMessage<T>(out);
}
