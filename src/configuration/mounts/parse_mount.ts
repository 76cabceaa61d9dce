import type { TransformStamped } from '../../messages/index.js';
import { parsePublisherArguments } from './publisher_arguments.js';

/** One entry of `static_transforms`: a transform, or a file with some. */
export type Mount =
  | { kind: 'transform'; transform: TransformStamped }
  | { kind: 'urdf' | 'dump' | 'bag'; path: string };

export type MountOutcome = Mount | { kind: 'invalid'; problem: string };

/**
 * Tells what an entry of `static_transforms` is: the arguments of static_transform_publisher, or a file: a URDF
 * (`.urdf`, `.xml`), a dump of /tf_static (`.yaml`, `.yml`), or else a bag that has the topic.
 */
export function parseMount(entry: string): MountOutcome {
  if (/(^|\s)--?[a-z]/.test(entry) || /^[-+\d.eE]+\s+[-+\d.]/.test(entry)) return parsePublisherArguments(entry);
  if (/\.xacro$/i.test(entry)) {
    const urdf = entry.replace(/(\.urdf)?\.xacro$/i, '.urdf');
    return invalid(entry, `Expand it first: xacro ${entry} > ${urdf}`);
  }
  if (/\.(urdf|xml)$/i.test(entry)) return { kind: 'urdf', path: entry };
  if (/\.ya?ml$/i.test(entry)) return { kind: 'dump', path: entry };
  return { kind: 'bag', path: entry };
}

function invalid(entry: string, toDo: string): MountOutcome {
  return {
    kind: 'invalid',
    problem: `Expected a URDF, a YAML dump or a bag of /tf_static, or a transform in static_transforms but received '${entry}'. ${toDo}.`,
  };
}
