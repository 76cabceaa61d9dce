import { CLASS } from '../classes.js';
import type { Pose } from '../pose.js';
import { GEOMETRY_STRIDE, type Primitives, SHAPE } from '../primitives.js';
import type { Street } from '../world/street.js';
import { castGround } from './cast_ground.js';
import { castBox, castCapsule, castEllipsoid, castFrustum, type RayBundle } from './cast_shapes.js';
import { Hits, SURFACE } from './hits.js';
import type { RayGrid, Window } from './ray_grid.js';

/** What there is to see at one instant. */
export interface Scene {
  readonly primitives: Primitives;
  readonly street: Street;
}

/** Finds the first hit of every ray of one sensor. Owns its buffers: a later cast overwrites them. */
export class Caster {
  readonly grid: RayGrid;
  readonly hits: Hits;
  /** The grid's rays turned into the world, with their common origin. */
  readonly rays: RayBundle;
  readonly #corners = new Float64Array(24);
  readonly #reach: number;

  /** @param reach - primitives farther away than this are left out, metres */
  constructor(grid: RayGrid, reach = 130) {
    this.#reach = reach;
    const count = grid.width * grid.height;
    this.grid = grid;
    this.hits = new Hits(count);
    this.rays = {
      width: grid.width,
      x: new Float32Array(count),
      y: new Float32Array(count),
      z: new Float32Array(count),
      originX: 0,
      originY: 0,
      originZ: 0,
    };
  }

  /** @param ground - `without` leaves only the primitives, for shadow maps */
  cast(scene: Scene, pose: Pose, ground: 'with' | 'without' = 'with'): Hits {
    const { hits } = this;
    const { primitives } = scene;
    this.#turnRays(pose);
    hits.distance.fill(Number.POSITIVE_INFINITY);
    hits.veilDistance.fill(Number.POSITIVE_INFINITY);
    hits.surface.fill(SURFACE.sky);
    for (const { index, window } of this.#visible(primitives, pose)) {
      const shape = primitives.shape[index]!;
      if (shape === SHAPE.box) castBox(primitives, index, this.rays, window, hits);
      else if (shape === SHAPE.frustum) castFrustum(primitives, index, this.rays, window, hits);
      else if (shape === SHAPE.ellipsoid) castEllipsoid(primitives, index, this.rays, window, hits);
      else castCapsule(primitives, index, this.rays, window, hits);
    }
    if (ground === 'without') return hits;
    castGround(scene.street, this.rays, hits);
    for (let i = 0; i < hits.label.length; i++) {
      const surface = hits.surface[i]!;
      if (hits.veilDistance[i]! < hits.distance[i]!) hits.label[i] = hits.veilLabel[i]!;
      else if (surface >= 0) hits.label[i] = primitives.classId[surface]!;
      else if (surface === SURFACE.sky) hits.label[i] = CLASS.sky;
    }
    return hits;
  }

  /** Primitives any ray can meet, near ones first, so that far ones are mostly skipped by distance. */
  #visible(primitives: Primitives, pose: Pose): { index: number; window: Window }[] {
    const visible: { index: number; window: Window }[] = [];
    let window: Window = { x0: 0, x1: 0, y0: 0, y1: 0, near: 0 };
    for (let index = 0; index < primitives.count; index++) {
      boundingCorners(primitives, index, this.#corners);
      if (!this.grid.window(this.#corners, pose, window) || window.near > this.#reach) continue;
      visible.push({ index, window });
      window = { x0: 0, x1: 0, y0: 0, y1: 0, near: 0 };
    }
    return visible.sort((a, b) => a.window.near - b.window.near);
  }

  #turnRays(pose: Pose): void {
    const { x, y, z } = this.grid.directions;
    const rays = this.rays;
    const [r0, r1, r2, r3, r4, r5, r6, r7, r8] = pose.rotation as unknown as number[] as [
      ...[number, number, number, number, number, number, number, number, number],
    ];
    for (let i = 0; i < x.length; i++) {
      const a = x[i]!;
      const b = y[i]!;
      const c = z[i]!;
      rays.x[i] = r0 * a + r1 * b + r2 * c;
      rays.y[i] = r3 * a + r4 * b + r5 * c;
      rays.z[i] = r6 * a + r7 * b + r8 * c;
    }
    rays.originX = pose.x;
    rays.originY = pose.y;
    rays.originZ = pose.z;
  }
}

/** Corners of a box around the primitive: bit 0 of a corner's index chooses x, bit 1 y, bit 2 z. */
function boundingCorners(p: Primitives, index: number, corners: Float64Array): void {
  const g = p.geometry;
  const at = index * GEOMETRY_STRIDE;
  const isCapsule = p.shape[index] === SHAPE.capsule;
  const r = g[at + 6]!;
  for (let corner = 0; corner < 8; corner++) {
    const sx = corner & 1 ? 1 : -1;
    const sy = corner & 2 ? 1 : -1;
    const sz = corner & 4 ? 1 : -1;
    if (isCapsule) {
      corners[3 * corner] = sx * (Math.max(sx * g[at]!, sx * g[at + 3]!) + r);
      corners[3 * corner + 1] = sy * (Math.max(sy * g[at + 1]!, sy * g[at + 4]!) + r);
      corners[3 * corner + 2] = sz * (Math.max(sz * g[at + 2]!, sz * g[at + 5]!) + r);
      continue;
    }
    const x = sx * g[at + 3]!;
    const y = sy * g[at + 4]!;
    corners[3 * corner] = g[at]! + g[at + 6]! * x - g[at + 7]! * y;
    corners[3 * corner + 1] = g[at + 1]! + g[at + 7]! * x + g[at + 6]! * y;
    corners[3 * corner + 2] = g[at + 2]! + sz * g[at + 5]!;
  }
}
