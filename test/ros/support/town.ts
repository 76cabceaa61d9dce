import { join } from 'node:path';
import { openBag } from '../../../src/bags/index.js';
import type { RawMessage } from '../../../src/messages/index.js';
import { projectRoot } from '../../support/shared_data.js';

export const TOWN = join(projectRoot, 'samples', 'town');

/** Sensor topics of the sample bag by modality. */
export const TOWN_TOPICS = {
  camera: '/camera/image/compressed',
  depth: '/depth/image/compressedDepth',
  events: '/events',
  lidar: '/lidar/points',
} as const;

/** What a node with the four sensors of the sample listens to. */
export const TOWN_HEARD: readonly string[] = [
  ...Object.values(TOWN_TOPICS),
  '/tf_static',
  ...['camera', 'depth', 'events'].map((name) => `/${name}/camera_info`),
];

/** The sensors' messages of the sample bag's first seconds, calibration first; all sensors work until 5.5 s. */
export async function townMessages(seconds: number): Promise<RawMessage[]> {
  const bag = await openBag(TOWN);
  try {
    const topics = bag.info.topics
      .map(({ name }) => name)
      .filter((name) => /camera_info$|tf_static$/.test(name) || Object.values<string>(TOWN_TOPICS).includes(name));
    const messages: RawMessage[] = [];
    let first: bigint | undefined;
    for await (const message of bag.messages({ topics })) {
      first ??= message.receiveStamp;
      if (message.receiveStamp - first >= BigInt(Math.round(seconds * 1e9))) break;
      messages.push({ ...message, data: message.data.slice() });
    }
    return messages;
  } finally {
    await bag.close();
  }
}
