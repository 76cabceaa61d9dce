import { CLASS } from '../../../src/simulation/classes.js';
import { BODY_FROM_OPTICAL, composePoses, type Pose, poseFromAngles } from '../../../src/simulation/pose.js';
import { type Material, Pen, Primitives, TEXTURE } from '../../../src/simulation/primitives.js';
import type { Scene } from '../../../src/simulation/render/caster.js';
import type { Intrinsics } from '../../../src/simulation/render/intrinsics.js';
import { PinholeGrid } from '../../../src/simulation/render/pinhole_grid.js';
import { RIG } from '../../../src/simulation/sensors/rig_geometry.js';
import { Street, type StreetLayout } from '../../../src/simulation/world/street.js';

const side = { lanes: 1, parkingWidth: 0, kerb: 4, verge: 0, sidewalkEnd: 6 };

export function plainStreet(changes: Partial<StreetLayout> = {}): Street {
  return new Street({
    curvature: 0,
    laneWidth: 3.2,
    kerbHeight: 0.15,
    left: side,
    right: side,
    markingWidth: 0.2,
    centreLine: 'solid',
    edgeLines: 'no',
    crossings: [],
    crossingHalf: 2,
    asphalt: [0.1, 0.1, 0.1],
    paint: [0.6, 0.6, 0.6],
    paving: [0.3, 0.3, 0.3],
    slab: 1,
    grass: [0.05, 0.12, 0.03],
    dryGrass: [0.2, 0.2, 0.1],
    seed: 1,
    ...changes,
  });
}

export const carMaterial: Material = { classId: CLASS.car, texture: TEXTURE.plain, color: [0.5, 0.5, 0.5] };

/** A straight, empty street with what `draw` puts on it. */
export function sceneWith(draw: (pen: Pen) => void): Scene {
  const primitives = new Primitives();
  draw(new Pen(primitives).moveTo(0, 0, 0, 0));
  return { primitives, street: plainStreet() };
}

/** Camera 100 x 80 without distortion, focal length 100, principal point between the middle pixels. */
export const SMALL_CAMERA: Intrinsics = {
  width: 100,
  height: 80,
  fx: 100,
  fy: 100,
  cx: 49.5,
  cy: 39.5,
  distortion: [0, 0, 0, 0, 0],
};

export function smallGrid(): PinholeGrid {
  return new PinholeGrid(SMALL_CAMERA);
}

/** A camera at a height above the origin that looks along +x. */
export function lookingForward(height: number, yaw = 0, pitch = 0): Pose {
  return composePoses(poseFromAngles(0, 0, height, yaw, pitch), BODY_FROM_OPTICAL);
}

/** The rig's camera, a quarter as wide and high: its view and distortion in a sixteenth of the time. */
export function quarterCamera(): Intrinsics {
  const { width, height, fx, fy, cx, cy, distortion } = RIG.camera.intrinsics;
  return {
    width: width / 4,
    height: height / 4,
    fx: fx / 4,
    fy: fy / 4,
    cx: (cx + 0.5) / 4 - 0.5,
    cy: (cy + 0.5) / 4 - 0.5,
    distortion,
  };
}
