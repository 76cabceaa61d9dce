import { parseArgs } from 'node:util';
import type { Quaternion, TransformStamped } from '../../messages/index.js';
import type { MountOutcome } from './parse_mount.js';

const NUMBERS = ['x', 'y', 'z', 'qx', 'qy', 'qz', 'qw', 'roll', 'pitch', 'yaw'] as const;
const OPTIONS = Object.fromEntries(
  [...NUMBERS, 'frame-id', 'child-frame-id'].map((name) => [name, { type: 'string' as const }]),
);

/**
 * Reads a transform as it stands behind `static_transform_publisher`: metres and radians; the rotation as a quaternion
 * or as roll, pitch and yaw (about the fixed axes x, y, z); what is left out is 0.
 */
export function parsePublisherArguments(entry: string): MountOutcome {
  let given: Record<string, string>;
  try {
    given = parseArgs({ args: joinNegative(entry.trim().split(/\s+/)), options: OPTIONS }).values as typeof given;
  } catch (error) {
    return refuse(entry, (error as Error).message.split('\n')[0]!);
  }
  const { 'frame-id': parent, 'child-frame-id': child } = given;
  if (!parent || !child) return refuse(entry, 'Both --frame-id and --child-frame-id are needed');
  const number = (name: (typeof NUMBERS)[number]) => Number(given[name] ?? 0);
  const wrong = NUMBERS.find((name) => !Number.isFinite(number(name)) || given[name] === '');
  if (wrong !== undefined) return refuse(entry, `--${wrong} needs a number`);
  const isQuaternion = ['qx', 'qy', 'qz', 'qw'].some((name) => given[name] !== undefined);
  const isEuler = ['roll', 'pitch', 'yaw'].some((name) => given[name] !== undefined);
  if (isQuaternion && isEuler) return refuse(entry, 'Give the rotation once: a quaternion, or roll, pitch and yaw');
  const rotation = isQuaternion
    ? { x: number('qx'), y: number('qy'), z: number('qz'), w: number('qw') }
    : fromRollPitchYaw(number('roll'), number('pitch'), number('yaw'));
  const length = Math.hypot(rotation.x, rotation.y, rotation.z, rotation.w);
  if (!(Math.abs(length - 1) < 0.01)) return refuse(entry, 'Its quaternion must have length 1');
  return {
    kind: 'transform',
    transform: {
      header: { stamp: { sec: 0, nanosec: 0 }, frame_id: parent },
      child_frame_id: child,
      transform: { translation: { x: number('x'), y: number('y'), z: number('z') }, rotation },
    },
  };
}

/** A transform as an entry of `static_transforms`. */
export function publisherArguments({ header, child_frame_id, transform }: TransformStamped): string {
  const { translation, rotation } = transform;
  const numbers = { ...translation, qx: rotation.x, qy: rotation.y, qz: rotation.z, qw: rotation.w };
  const words = Object.entries(numbers).map(([name, value]) => `--${name} ${Number(value.toPrecision(12))}`);
  return [...words, `--frame-id ${header.frame_id}`, `--child-frame-id ${child_frame_id}`].join(' ');
}

/** Rotation about the fixed axes x, then y, then z, as URDF and tf2's setRPY have it. */
export function fromRollPitchYaw(roll: number, pitch: number, yaw: number): Quaternion {
  const [sr, cr] = [Math.sin(roll / 2), Math.cos(roll / 2)];
  const [sp, cp] = [Math.sin(pitch / 2), Math.cos(pitch / 2)];
  const [sy, cy] = [Math.sin(yaw / 2), Math.cos(yaw / 2)];
  return {
    x: sr * cp * cy - cr * sp * sy,
    y: cr * sp * cy + sr * cp * sy,
    z: cr * cp * sy - sr * sp * cy,
    w: cr * cp * cy + sr * sp * sy,
  };
}

/** parseArgs takes `-0.1` for an option of its own unless it is joined to its name. */
function joinNegative(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1);
    if (before !== undefined && /^--[a-z-]+$/.test(before) && !/^--/.test(word)) joined.push(`${joined.pop()}=${word}`);
    else joined.push(word);
  }
  return joined;
}

function refuse(entry: string, toDo: string): MountOutcome {
  return {
    kind: 'invalid',
    problem:
      'Expected the arguments of static_transform_publisher, such as --x 1.2 --z 1.6 --yaw 0.02 --frame-id base_link ' +
      `--child-frame-id lidar, in static_transforms but received '${entry}'. ${toDo}.`,
  };
}
