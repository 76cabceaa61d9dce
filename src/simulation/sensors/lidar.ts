import { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';
import type { Failure, Weather } from '../conditions.js';
import { GaussianStream } from '../noise.js';
import type { Pose } from '../pose.js';
import { APPEARANCE_STRIDE } from '../primitives.js';
import type { Caster, Scene } from '../render/caster.js';
import { SURFACE } from '../render/hits.js';
import { LOCAL, localHit } from '../render/local_hit.js';

/** One sweep: the points that returned, metres in the LiDAR's frame. */
export interface LidarSweep {
  readonly length: number;
  /** x, y, z of each point in turn. */
  readonly xyz: Float32Array;
  readonly intensity: Uint8Array;
  readonly ring: Uint16Array;
}

const FARTHEST_METRES = 80;
/** Coordinates are given in 1/64 m, as fine as the noise: the float's idle bits compress away. */
const STEPS_PER_METRE = 64;
const RANGE_NOISE_METRES = 0.012;
/** The receiver tells 64 levels of intensity. */
const INTENSITY_STEP = 4;

/** Reflectivity of the ground at 905 nm, by class. */
const GROUND_REFLECTIVITY = new Map<number, number>([
  [CLASS.road, 0.12],
  [CLASS.laneMarking, 0.75],
  [CLASS.sidewalk, 0.32],
  [CLASS.terrain, 0.5],
]);

export interface SweepOptions {
  readonly weather: Weather;
  readonly failure: Failure | undefined;
  /** Factor on the signal, 0..1, and an exponent on it, before it is told in 8 bits. */
  readonly intensity?: readonly [scale: number, exponent: number] | undefined;
  readonly seed: number | string;
}

/** Casts one sweep: range noise, intensity from reflectivity, incidence and air, loss and backscatter in bad weather. */
export function sweepLidar(caster: Caster, scene: Scene, pose: Pose, options: SweepOptions): LidarSweep {
  const { weather, failure, intensity: intensityCurve } = options;
  const random = new Random(options.seed, 'lidar');
  const noise = new GaussianStream(random.uint32());
  const hits = caster.cast(scene, pose);
  const { grid } = caster;
  const shake = failure === 'lidarjitter' ? createShake(random, grid.height) : undefined;
  const local = new Float64Array(LOCAL.length);
  const count = grid.width * grid.height;
  const xyz = new Float32Array(3 * count);
  const intensity = new Uint8Array(count);
  const ring = new Uint16Array(count);
  const isFoggy = weather.condition === 'fog';
  const backscatter = isFoggy ? 2.2 * weather.extinction : 0.02 * weather.rain;
  // Two-way loss; rain and spray cost more at 905 nm than the eye's visibility tells.
  const loss = 2 * weather.extinction * (isFoggy ? 0.8 : 1.3);
  let length = 0;
  for (let i = 0; i < count; i++) {
    let range = hits.distance[i]!;
    let signal = 0;
    if (range < FARTHEST_METRES) {
      const reflected = reflectivity(caster, scene, i, local) * Math.exp(-loss * range);
      // Energy falls with the square of the range; near returns are not weakened by the receiver's overlap.
      const strength = reflected * Math.min(1, (45 / range) ** 2);
      if (strength > 0.02 * (1 + noise.uniform())) signal = reflected;
    }
    if (noise.uniform() < backscatter) {
      const drop = 1.5 + 9 * noise.uniform() ** 2;
      if (drop < range) {
        range = drop;
        signal = 0.02 + 0.08 * noise.uniform();
      }
    }
    if (signal === 0) continue;
    if (noise.uniform() < 0.004 + 0.06 * weather.rain) continue;
    const sigma = RANGE_NOISE_METRES * (1 + 1.5 * weather.rain) + (shake ? 0.12 : 0);
    const measured = range + sigma * noise.next();
    let [x, y, z] = [grid.directions.x[i]!, grid.directions.y[i]!, grid.directions.z[i]!];
    const row = Math.floor(i / grid.width);
    if (shake) {
      // Small rotations: the cross product with the angle vector.
      const pitch = shake.pitch + shake.rings[row]!;
      [x, y, z] = [x + pitch * z - shake.yaw * y, y + shake.yaw * x - shake.roll * z, z - pitch * x + shake.roll * y];
    }
    xyz[3 * length] = Math.round(x * measured * STEPS_PER_METRE) / STEPS_PER_METRE;
    xyz[3 * length + 1] = Math.round(y * measured * STEPS_PER_METRE) / STEPS_PER_METRE;
    xyz[3 * length + 2] = Math.round(z * measured * STEPS_PER_METRE) / STEPS_PER_METRE;
    if (intensityCurve !== undefined) signal = intensityCurve[0] * signal ** intensityCurve[1];
    const level = 255 * Math.min(1, signal) + INTENSITY_STEP * noise.next();
    intensity[length] = Math.min(255, Math.max(1, INTENSITY_STEP * Math.round(level / INTENSITY_STEP)));
    ring[length] = row;
    length++;
  }
  return {
    length,
    xyz: xyz.subarray(0, 3 * length),
    intensity: intensity.subarray(0, length),
    ring: ring.subarray(0, length),
  };
}

function reflectivity(caster: Caster, scene: Scene, ray: number, local: Float64Array): number {
  const { hits, rays } = caster;
  const surface = hits.surface[ray]!;
  const [dx, dy, dz] = [rays.x[ray]!, rays.y[ray]!, rays.z[ray]!];
  if (surface < 0) {
    const base = GROUND_REFLECTIVITY.get(hits.label[ray]!) ?? 0.3;
    return base * (surface === SURFACE.kerb ? 1 : Math.sqrt(Math.abs(dz)) + 0.35);
  }
  const range = hits.distance[ray]!;
  localHit(
    scene.primitives,
    surface,
    rays.originX + range * dx,
    rays.originY + range * dy,
    rays.originZ + range * dz,
    local,
  );
  const incidence = Math.abs(local[LOCAL.wx]! * dx + local[LOCAL.wy]! * dy + local[LOCAL.wz]! * dz);
  return scene.primitives.appearance[surface * APPEARANCE_STRIDE + 6]! * (0.25 + 0.75 * incidence);
}

/** A loose mount: the whole sweep turned by up to two degrees, each ring by a little more. */
function createShake(random: Random, rings: number): { yaw: number; pitch: number; roll: number; rings: Float64Array } {
  const degree = Math.PI / 180;
  return {
    yaw: 1.2 * degree * random.gaussian(),
    pitch: 1.2 * degree * random.gaussian(),
    roll: 1.5 * degree * random.gaussian(),
    rings: Float64Array.from({ length: rings }, () => 0.5 * degree * random.gaussian()),
  };
}
