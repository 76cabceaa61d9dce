/**
 * Where a frame stands in its parent: `parent = rotation * child + (x, y, z)`. `rotation` is 3x3, row-major.
 * World and base_link have x forward, y left, z up (REP-103); optical frames z forward, x right, y down.
 */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly rotation: Float64Array;
}

/** Rotation about z (yaw), then y (pitch), then x (roll), intrinsic: R = Rz Ry Rx. Angles in radians. */
export function poseFromAngles(x: number, y: number, z: number, yaw = 0, pitch = 0, roll = 0): Pose {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const [cr, sr] = [Math.cos(roll), Math.sin(roll)];
  return {
    x,
    y,
    z,
    rotation: Float64Array.of(
      cy * cp,
      cy * sp * sr - sy * cr,
      cy * sp * cr + sy * sr,
      sy * cp,
      sy * sp * sr + cy * cr,
      sy * sp * cr - cy * sr,
      -sp,
      cp * sr,
      cp * cr,
    ),
  };
}

/** Pose of `child`, which stands in `parent`, in the frame `parent` stands in. */
export function composePoses(parent: Pose, child: Pose): Pose {
  const p = parent.rotation;
  const c = child.rotation;
  const rotation = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      rotation[3 * row + column] =
        p[3 * row]! * c[column]! + p[3 * row + 1]! * c[3 + column]! + p[3 * row + 2]! * c[6 + column]!;
    }
  }
  return {
    x: p[0]! * child.x + p[1]! * child.y + p[2]! * child.z + parent.x,
    y: p[3]! * child.x + p[4]! * child.y + p[5]! * child.z + parent.y,
    z: p[6]! * child.x + p[7]! * child.y + p[8]! * child.z + parent.z,
    rotation,
  };
}

/** Turns a body mount (x forward) into the optical frame of a camera that looks along the mount's x axis. */
export const BODY_FROM_OPTICAL: Pose = { x: 0, y: 0, z: 0, rotation: Float64Array.of(0, 0, 1, -1, 0, 0, 0, -1, 0) };

/** Unit quaternion [x, y, z, w] of a rotation matrix (Shepperd's method: divide by the largest component). */
export function quaternionFromRotation(rotation: Float64Array): [x: number, y: number, z: number, w: number] {
  const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = rotation as unknown as [
    ...[number, number, number, number, number, number, number, number, number],
  ];
  const trace = m00 + m11 + m22;
  if (trace > 0) {
    const s = 2 * Math.sqrt(trace + 1);
    return [(m21 - m12) / s, (m02 - m20) / s, (m10 - m01) / s, s / 4];
  }
  if (m00 > m11 && m00 > m22) {
    const s = 2 * Math.sqrt(1 + m00 - m11 - m22);
    return [s / 4, (m01 + m10) / s, (m02 + m20) / s, (m21 - m12) / s];
  }
  if (m11 > m22) {
    const s = 2 * Math.sqrt(1 + m11 - m00 - m22);
    return [(m01 + m10) / s, s / 4, (m12 + m21) / s, (m02 - m20) / s];
  }
  const s = 2 * Math.sqrt(1 + m22 - m00 - m11);
  return [(m02 + m20) / s, (m12 + m21) / s, s / 4, (m10 - m01) / s];
}
