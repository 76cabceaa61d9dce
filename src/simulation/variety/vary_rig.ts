import { Random } from '../../random/random.js';
import { poseFromAngles } from '../pose.js';
import type { Intrinsics } from '../render/intrinsics.js';
import { optical, RIG, type Rig } from '../sensors/rig_geometry.js';

const DEGREE = Math.PI / 180;

/** LiDAR patterns: rings, and the highest and lowest of their elevations in degrees. */
const PATTERNS = [
  { rings: 16, top: 15, bottom: -15 },
  { rings: 24, top: 12, bottom: -20 },
  { rings: 32, top: 10.67, bottom: -30.67 },
  { rings: 32, top: 15, bottom: -25 },
  { rings: 40, top: 7, bottom: -16 },
  { rings: 64, top: 2, bottom: -24.9 },
  { rings: 64, top: 22.5, bottom: -22.5 },
] as const;

/**
 * Another rig: lens, camera height and tilt, places of the other sensors around it, LiDAR pattern. Picture sizes stay,
 * and every camera keeps about the field of view of the first.
 */
export function varyRig(seed: string): Rig {
  const random = new Random(seed, 'rig');
  // Field of view 50 to 95 degrees.
  const zoom = Math.exp(random.range(Math.log(0.7), Math.log(1.6)));
  const forward = random.range(0, 1.9);
  const height = random.range(1.1, 2.3);
  const aside = random.range(-0.35, 0.35);
  // Higher cameras look down more.
  const pitch = random.range(-1.5, 5) + 2.5 * (height - 1.5);
  const near = (spread: number) => random.range(-spread, spread);
  const camera = (base: Rig['camera'], spread: number): Rig['camera'] => ({
    ...base,
    pose: optical(
      forward + near(spread),
      aside + near(spread),
      height + near(spread),
      near(0.4 + 3 * spread),
      pitch + near(0.3 + 3 * spread),
      near(0.6),
    ),
    intrinsics: lens(base.intrinsics, zoom * (spread === 0 ? 1 : random.range(0.9, 1)), random),
  });
  const pattern = random.pick(PATTERNS);
  const isDense = random.chance(0.6);
  const roof = random.range(1.5, 2.4);
  return {
    camera: camera(RIG.camera, 0),
    depth: camera(RIG.depth, 0.12),
    events: camera(RIG.events, 0.12),
    lidar: {
      ...RIG.lidar,
      pose: poseFromAngles(random.range(0, 1.4), near(0.2), roof, near(1) * DEGREE, random.range(-0.5, 2) * DEGREE, 0),
      elevations: random.chance(0.25)
        ? RIG.lidar.elevations
        : Array.from({ length: pattern.rings }, (_, ring) => {
            const share = ring / (pattern.rings - 1);
            return (pattern.top + share * (pattern.bottom - pattern.top)) * DEGREE;
          }),
      columns: isDense ? 384 : RIG.lidar.columns,
      sector: Math.min(120, 84 / Math.min(1, zoom)) * DEGREE,
    },
  };
}

function lens(base: Intrinsics, zoom: number, random: Random): Intrinsics {
  const [k1, k2, p1, p2, k3] = base.distortion;
  // Wide lenses bend more; the factor keeps the distortion monotonic up to the corners.
  const bend = random.range(0, 1.6);
  return {
    ...base,
    fx: base.fx * zoom,
    fy: base.fy * zoom * random.range(0.99, 1.01),
    cx: base.cx + random.range(-8, 8) * (base.width / 640),
    cy: base.cy + random.range(-8, 8) * (base.width / 640),
    distortion: [k1 * bend, k2 * bend, p1, p2, k3],
  };
}
