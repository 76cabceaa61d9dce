import type { BagReader } from '../bags/index.js';
import { decodeMessage, type Stamp } from '../messages/index.js';
import type { TFMessage, TransformStamped } from '../messages/types.js';
import type { TopicSelection } from '../pipeline/index.js';

/**
 * The mounts a bag tells only after its sensors have begun, each as it is told first: recorders that were started early
 * log latched transforms late, often as the last message of a bag. A mount holds at all times, so that a replay may
 * know it from the beginning.
 */
export async function lateMounts(
  bag: Pick<BagReader, 'messages'>,
  { modalities, transforms }: Pick<TopicSelection, 'modalities' | 'transforms'>,
): Promise<TransformStamped[]> {
  if (transforms.static.length === 0) return [];
  const inputs = [...modalities.values()].flatMap((input) => (input.kind === 'assigned' ? [input.topic] : []));
  const begin = await firstStamp(bag, inputs);
  if (begin === undefined) return [];
  const known = new Set<string>();
  const late: TransformStamped[] = [];
  for await (const raw of bag.messages({ topics: transforms.static })) {
    for (const transform of readTransforms(() => decodeMessage<TFMessage>(raw))) {
      if (known.has(transform.child_frame_id)) continue;
      known.add(transform.child_frame_id);
      if (raw.receiveStamp > begin) late.push(transform);
    }
  }
  return late;
}

async function firstStamp(bag: Pick<BagReader, 'messages'>, topics: string[]): Promise<Stamp | undefined> {
  for await (const { receiveStamp } of bag.messages({ topics })) return receiveStamp;
  return undefined;
}

/** A message that cannot be read is told of when its turn comes. */
function readTransforms(decode: () => TFMessage): TransformStamped[] {
  try {
    return decode().transforms;
  } catch {
    return [];
  }
}
