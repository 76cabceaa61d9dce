import type { Weather } from '../conditions.js';
import type { Pose } from '../pose.js';
import { Caster, type Scene } from './caster.js';
import { PinholeGrid } from './pinhole_grid.js';

const SIDE = 400;
const DISTANCE = 400;
/** Half the side of the square the map covers, metres. */
const REACH = 34;
const BIAS = 0.25;
/** A map taken from within this distance of the viewer covers what it sees. */
const NEAR_METRES = 2;

export type ShadowUpdate = 'view' | 'scene';

/**
 * Which points the sun sees: a depth map taken by a camera far away towards the sun. Under an overcast sky the light
 * comes from above instead, and wide filtering turns the same map into soft shade under vehicles and trees.
 */
export class ShadowMap {
  readonly #caster = new Caster(
    new PinholeGrid({
      width: SIDE,
      height: SIDE,
      fx: (SIDE / 2) * (DISTANCE / REACH),
      fy: (SIDE / 2) * (DISTANCE / REACH),
      cx: (SIDE - 1) / 2,
      cy: (SIDE - 1) / 2,
      distortion: [0, 0, 0, 0, 0],
    }),
    Number.POSITIVE_INFINITY,
  );
  #pose: Pose = { x: 0, y: 0, z: 0, rotation: new Float64Array(9) };
  #spread = 0;
  /** Whose shadows the map holds. */
  #held: { readonly scene: Scene['primitives']; readonly weather: Weather; readonly viewer: Pose } | undefined;

  /**
   * Looks at the square whose middle lies 26 m ahead of the viewer.
   * @param every - `view`: anew for each view; `scene`: what was cast a moment ago for nearly the same place serves again
   */
  update(scene: Scene, viewer: Pose, weather: Weather, every: ShadowUpdate = 'view'): void {
    if (every === 'scene' && this.#serves(scene, viewer, weather)) return;
    this.#held = { scene: scene.primitives, weather, viewer };
    const isSunny = weather.condition === 'sun';
    const [dx, dy, dz] = isSunny ? weather.sunDirection : ([0.05, 0.08, 0.9955] as const);
    // The viewer's forward axis is the third column of its rotation (an optical frame).
    const cx = viewer.x + 26 * viewer.rotation[2]!;
    const cy = viewer.y + 26 * viewer.rotation[5]!;
    const flat = Math.hypot(dx, dy);
    const right = [-dy / flat, dx / flat, 0] as const;
    const forward = [-dx, -dy, -dz] as const;
    const down = [
      forward[1] * right[2] - forward[2] * right[1],
      forward[2] * right[0] - forward[0] * right[2],
      forward[0] * right[1] - forward[1] * right[0],
    ] as const;
    this.#pose = {
      x: cx + DISTANCE * dx,
      y: cy + DISTANCE * dy,
      z: DISTANCE * dz,
      rotation: Float64Array.of(
        ...[right[0], down[0], forward[0], right[1], down[1], forward[1], right[2], down[2], forward[2]],
      ),
    };
    this.#spread = isSunny ? 0.5 : 3;
    this.#caster.cast(scene, this.#pose, 'without');
  }

  #serves(scene: Scene, viewer: Pose, weather: Weather): boolean {
    const held = this.#held;
    if (held?.scene !== scene.primitives || held.weather !== weather) return false;
    return Math.hypot(held.viewer.x - viewer.x, held.viewer.y - viewer.y) < NEAR_METRES;
  }

  /** Share of the light that reaches a point, 0..1; points outside the map are lit. */
  lit(x: number, y: number, z: number): number {
    const { rotation: r, x: px, y: py, z: pz } = this.#pose;
    const ax = x - px;
    const ay = y - py;
    const az = z - pz;
    const depth = r[2]! * ax + r[5]! * ay + r[8]! * az;
    const scale = ((SIDE / 2) * (DISTANCE / REACH)) / depth;
    const u = (r[0]! * ax + r[3]! * ay + r[6]! * az) * scale + SIDE / 2;
    const v = (r[1]! * ax + r[4]! * ay + r[7]! * az) * scale + SIDE / 2;
    const d = this.#spread;
    if (!(u > d && v > d && u < SIDE - d && v < SIDE - d)) return 1;
    const distance = this.#caster.hits.distance;
    const limit = depth - BIAS;
    let lit = 0;
    if (distance[Math.floor(v - d) * SIDE + Math.floor(u)]! > limit) lit += 0.25;
    if (distance[Math.floor(v + d) * SIDE + Math.floor(u)]! > limit) lit += 0.25;
    if (distance[Math.floor(v) * SIDE + Math.floor(u - d)]! > limit) lit += 0.25;
    if (distance[Math.floor(v) * SIDE + Math.floor(u + d)]! > limit) lit += 0.25;
    return lit;
  }
}
