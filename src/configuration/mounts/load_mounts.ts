import { isMap, isScalar, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readText } from '../../files/index.js';
import { decodeMessage, type TFMessage, type TransformStamped } from '../../messages/index.js';
import { excerpt } from '../../text/index.js';
import { parseMount } from './parse_mount.js';

/**
 * All transforms that entries of `static_transforms` give, in their order; of two for one frame the later counts.
 * @throws Error with one sentence where an entry or its file is of no use
 */
export async function loadMounts(entries: readonly string[]): Promise<TransformStamped[]> {
  const transforms: TransformStamped[] = [];
  for (const entry of entries) {
    const mount = parseMount(entry);
    switch (mount.kind) {
      case 'invalid':
        throw new Error(mount.problem);
      case 'transform':
        transforms.push(mount.transform);
        break;
      case 'urdf':
        transforms.push(...(await import('./urdf.js')).urdfMounts(await readMounts(mount.path), mount.path));
        break;
      case 'dump':
        transforms.push(...parseDump(await readMounts(mount.path), mount.path));
        break;
      case 'bag':
        transforms.push(...(await mountsOfBag(mount.path)));
    }
  }
  return transforms;
}

/** Robot descriptions are long: each link has its meshes and joints. */
const MAXIMUM_MOUNTS_BYTES = 1 << 23;

async function readMounts(path: string): Promise<string> {
  return readText(path, MAXIMUM_MOUNTS_BYTES).catch((error: Error) => {
    throw new Error(`Expected a file for static_transforms but could not read ${path}: ${error.message}`);
  });
}

const number = z.number();
const dumpSchema = z.object({
  transforms: z.array(
    z.object({
      header: z.object({ frame_id: z.string() }),
      child_frame_id: z.string(),
      transform: z.object({
        translation: z.object({ x: number, y: number, z: number }),
        rotation: z.object({ x: number, y: number, z: number, w: number }),
      }),
    }),
  ),
});

/** Behind the last line of three dashes there is nothing. */
function isNothing(contents: unknown): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

/** What `ros2 topic echo /tf_static` prints: one YAML document a message. */
function parseDump(text: string, path: string): TransformStamped[] {
  const expected = `Expected a dump of /tf_static (ros2 topic echo /tf_static > FILE) in ${path}`;
  const transforms: TransformStamped[] = [];
  for (const document of parseAllDocuments(text)) {
    if (!('contents' in document) || isNothing(document.contents)) continue;
    const [error] = document.errors;
    if (error !== undefined)
      throw new Error(`${expected} but received no YAML: ${excerpt(error.message.split('\n')[0]!)}`);
    const outcome = isMap(document.contents) ? dumpSchema.safeParse(document.toJS()) : undefined;
    if (!outcome?.success) {
      const why = outcome?.error.issues
        .slice(0, 5)
        .map(({ path: key, message }) => `${key.join('.')}: ${message}`)
        .join('; ');
      throw new Error(`${expected} but received something else${why === undefined ? '' : `: ${why}`}.`);
    }
    for (const { header, ...rest } of outcome.data.transforms) {
      transforms.push({ header: { stamp: { sec: 0, nanosec: 0 }, frame_id: header.frame_id }, ...rest });
    }
  }
  if (transforms.length === 0) throw new Error(`${expected} but received no transform.`);
  return transforms;
}

/** Mounts of another recording of the same robot, such as the first part of a split one. */
async function mountsOfBag(path: string): Promise<TransformStamped[]> {
  const { openBag } = await import('../../bags/index.js');
  const bag = await openBag(path);
  try {
    const topics = bag.info.topics
      .filter(({ name, type }) => type === 'tf2_msgs/msg/TFMessage' && name.endsWith('static'))
      .map(({ name }) => name);
    const transforms: TransformStamped[] = [];
    if (topics.length > 0) {
      for await (const raw of bag.messages({ topics })) transforms.push(...decodeMessage<TFMessage>(raw).transforms);
    }
    if (transforms.length > 0) return transforms;
    throw new Error(`Expected a bag with /tf_static for static_transforms but received ${path}, which has none.`);
  } finally {
    await bag.close();
  }
}
