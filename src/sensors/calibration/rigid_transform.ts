import type { Quaternion, Vector3 } from '../../messages/types.js';

/** A rotation followed by a translation: `p_target = R · p_source + t`. Metres. */
export interface RigidTransform {
  /** 3x3, row-major. */
  readonly rotation: Float64Array;
  /** x, y, z in metres, in the target frame. */
  readonly translation: Float64Array;
}

/** A 3x3 matrix as a tuple, for inner loops: elements in variables of their own are read without checks. */
export type NineNumbers = [number, number, number, number, number, number, number, number, number];

/** The transform that changes nothing. */
export function identityTransform(): RigidTransform {
  return { rotation: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), translation: new Float64Array(3) };
}

/** Builds a transform from ROS fields. The quaternion must have unit length. */
export function transformFromPose(translation: Vector3, { x, y, z, w }: Quaternion): RigidTransform {
  return {
    rotation: Float64Array.of(
      1 - 2 * (y * y + z * z),
      2 * (x * y - z * w),
      2 * (x * z + y * w),
      2 * (x * y + z * w),
      1 - 2 * (x * x + z * z),
      2 * (y * z - x * w),
      2 * (x * z - y * w),
      2 * (y * z + x * w),
      1 - 2 * (x * x + y * y),
    ),
    translation: Float64Array.of(translation.x, translation.y, translation.z),
  };
}

/** `outer ∘ inner`: first `inner`, then `outer`. */
export function composeTransforms(outer: RigidTransform, inner: RigidTransform): RigidTransform {
  const a = outer.rotation;
  const b = inner.rotation;
  const rotation = new Float64Array(9);
  const translation = new Float64Array(3);
  for (let row = 0; row < 3; row++) {
    const a0 = a[3 * row]!;
    const a1 = a[3 * row + 1]!;
    const a2 = a[3 * row + 2]!;
    for (let column = 0; column < 3; column++) {
      rotation[3 * row + column] = a0 * b[column]! + a1 * b[3 + column]! + a2 * b[6 + column]!;
    }
    const t = inner.translation;
    translation[row] = a0 * t[0]! + a1 * t[1]! + a2 * t[2]! + outer.translation[row]!;
  }
  return { rotation, translation };
}

/** The transform back: from the target frame into the source frame. */
export function invertTransform({ rotation: r, translation: t }: RigidTransform): RigidTransform {
  const rotation = Float64Array.of(r[0]!, r[3]!, r[6]!, r[1]!, r[4]!, r[7]!, r[2]!, r[5]!, r[8]!);
  const translation = new Float64Array(3);
  for (let row = 0; row < 3; row++) {
    translation[row] = -(rotation[3 * row]! * t[0]! + rotation[3 * row + 1]! * t[1]! + rotation[3 * row + 2]! * t[2]!);
  }
  return { rotation, translation };
}

/**
 * Spherical linear interpolation between two unit quaternions along the shorter arc (Shoemake 1985).
 * @param fraction - 0 gives `from`, 1 gives `to`, more goes on beyond it
 */
export function slerp(from: Quaternion, to: Quaternion, fraction: number): Quaternion {
  const dot = from.x * to.x + from.y * to.y + from.z * to.z + from.w * to.w;
  const angle = Math.acos(Math.min(1, Math.abs(dot)));
  const sine = Math.sin(angle);
  // Below a microradian or so sin(angle) cannot be divided by; the chord is the arc there.
  const near = sine < 1e-6;
  const a = near ? 1 - fraction : Math.sin((1 - fraction) * angle) / sine;
  const b = (near ? fraction : Math.sin(fraction * angle) / sine) * (dot < 0 ? -1 : 1);
  const x = a * from.x + b * to.x;
  const y = a * from.y + b * to.y;
  const z = a * from.z + b * to.z;
  const w = a * from.w + b * to.w;
  const norm = Math.hypot(x, y, z, w);
  return { x: x / norm, y: y / norm, z: z / norm, w: w / norm };
}
