import { BODY_FROM_OPTICAL, composePoses, type Pose, poseFromAngles } from '../pose.js';
import type { Intrinsics } from '../render/intrinsics.js';

const DEGREE = Math.PI / 180;

/** A camera on the vehicle. */
export interface MountedCamera {
  readonly frame: string;
  readonly pose: Pose;
  readonly intrinsics: Intrinsics;
}

/** Where each sensor stands on the vehicle and how it looks out. */
export interface Rig {
  readonly camera: MountedCamera;
  readonly depth: MountedCamera;
  readonly events: MountedCamera;
  readonly lidar: {
    readonly frame: string;
    readonly pose: Pose;
    /** One a ring, radians, falling. */
    readonly elevations: readonly number[];
    readonly columns: number;
    /** Horizontal field of view, radians. */
    readonly sector: number;
  };
}

/** The simulated rig: where each sensor stands on the vehicle and how it looks out. */
export const RIG: Rig = {
  camera: {
    frame: 'camera_optical',
    pose: optical(1.2, 0, 1.5, 0, 3.5, 0),
    // 640 / 2 / tan(75 deg / 2)
    intrinsics: pinhole(640, 384, 417, 418, 321.3, 189.6, [-0.06, 0.012, 0.0004, -0.0003, 0]),
  },
  depth: {
    frame: 'depth_optical',
    pose: optical(1.2, -0.08, 1.5, 0.3, 3.2, 0.1),
    intrinsics: pinhole(320, 192, 194, 194, 159.1, 96.4, [-0.02, 0.004, 0, 0, 0]),
  },
  events: {
    frame: 'events_optical',
    pose: optical(1.19, 0.06, 1.56, -0.8, 3.9, 0.7),
    intrinsics: pinhole(320, 192, 199, 199, 158.2, 94.1, [-0.09, 0.02, 0.0003, 0.0002, 0]),
  },
  lidar: {
    frame: 'lidar',
    pose: poseFromAngles(0.9, 0, 1.8, 0.2 * DEGREE, 1.0 * DEGREE, 0),
    /** Rings lie closer together around the horizon, where the far things are; radians, falling. */
    elevations: Array.from({ length: 24 }, (_, ring) => {
      const f = 1 - (2 * ring) / 23;
      return (-4 + 10 * f + 6 * f * f * f - 1.5 * (1 - f * f)) * DEGREE;
    }),
    columns: 256,
    sector: 84 * DEGREE,
  },
};

/** Pose of a camera on base_link: metres, and degrees in body axes. */
export function optical(x: number, y: number, z: number, yaw: number, pitch: number, roll: number): Pose {
  return composePoses(poseFromAngles(x, y, z, yaw * DEGREE, pitch * DEGREE, roll * DEGREE), BODY_FROM_OPTICAL);
}

function pinhole(
  width: number,
  height: number,
  fx: number,
  fy: number,
  cx: number,
  cy: number,
  distortion: Intrinsics['distortion'],
): Intrinsics {
  return { width, height, fx, fy, cx, cy, distortion };
}
