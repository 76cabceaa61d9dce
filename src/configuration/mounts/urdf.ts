import { DOMParser, type Element } from '@xmldom/xmldom';
import type { TransformStamped } from '../../messages/index.js';
import { excerpt } from '../../text/index.js';
import { fromRollPitchYaw } from './publisher_arguments.js';

/**
 * The mounts of a robot description: its fixed joints (http://wiki.ros.org/urdf/XML/joint). Joints that move are left
 * out: where they stand, only /tf tells.
 * @throws Error with one sentence where the text is no URDF, or has no fixed joint
 */
export function urdfMounts(text: string, path: string): TransformStamped[] {
  const expected = `Expected a URDF for static_transforms in ${path}`;
  let root: Element | null;
  try {
    // Warnings are of no interest; whatever is no XML ends here.
    const onError = (level: string, message: string) => {
      if (level !== 'warning') throw new Error(message);
    };
    root = new DOMParser({ onError }).parseFromString(text, 'text/xml').documentElement;
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    // The parser stumbles over some damage, and then says so in words for programmers.
    const shown = /\w+Error:/.test(reason) ? 'an element does not end where it should' : excerpt(reason);
    throw new Error(`${expected} but received no XML: ${shown}.`);
  }
  if (root?.tagName !== 'robot')
    throw new Error(`${expected} but its first element is <${excerpt(root?.tagName ?? '')}>.`);
  if (root.getElementsByTagName('xacro:macro').length > 0) {
    throw new Error(`${expected} but received macros. Expand it first: xacro ${path} > robot.urdf.`);
  }
  const joints = Array.from(root.getElementsByTagName('joint'));
  const fixed = joints.filter((joint) => joint.getAttribute('type') === 'fixed' && joint.parentNode === root);
  if (fixed.length === 0) throw new Error(`${expected} but none of its ${joints.length} joints is fixed.`);
  return fixed.map((joint) => mountOf(joint, expected));
}

function mountOf(joint: Element, expected: string): TransformStamped {
  const name = excerpt(joint.getAttribute('name') ?? '');
  const link = (tag: 'parent' | 'child'): string => {
    const found = joint.getElementsByTagName(tag)[0]?.getAttribute('link');
    if (!found) throw new Error(`${expected} but joint '${name}' names no ${tag} link.`);
    return found;
  };
  const origin = joint.getElementsByTagName('origin')[0];
  const numbers = (attribute: 'xyz' | 'rpy'): [number, number, number] => {
    const given = origin?.getAttribute(attribute)?.trim();
    const values = given ? given.split(/\s+/).map(Number) : [0, 0, 0];
    if (values.length !== 3 || !values.every(Number.isFinite)) {
      throw new Error(
        `${expected} but joint '${name}' has ${attribute}="${excerpt(given ?? '')}" where three numbers belong.`,
      );
    }
    return values as [number, number, number];
  };
  const [x, y, z] = numbers('xyz');
  return {
    header: { stamp: { sec: 0, nanosec: 0 }, frame_id: link('parent') },
    child_frame_id: link('child'),
    transform: { translation: { x, y, z }, rotation: fromRollPitchYaw(...numbers('rpy')) },
  };
}
