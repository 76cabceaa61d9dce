import { CLASS } from '../classes.js';
import { valueNoise } from '../noise.js';
import type { Street } from '../world/street.js';
import type { RayBundle } from './cast_shapes.js';
import { type Hits, SURFACE } from './hits.js';

const FARTHEST = 400;

/**
 * Ground under everything: the carriageway at z = 0, sidewalks and terrain raised by the kerb's height, the kerb's face
 * between. Runs after the shapes, so that only rays that reach the ground pay for it. Sets `surface` and `label`.
 */
export function castGround(street: Street, rays: RayBundle, hits: Hits): void {
  const { kerbHeight, left, right } = street.layout;
  const count = rays.x.length;
  for (let i = 0; i < count; i++) {
    const dz = rays.z[i]!;
    if (dz > -1e-4) continue;
    const limit = hits.distance[i]!;
    const upper = (kerbHeight - rays.originZ) / dz;
    if (upper >= limit || upper > FARTHEST) continue;
    const dx = rays.x[i]!;
    const dy = rays.y[i]!;
    const x = rays.originX + upper * dx;
    const y = rays.originY + upper * dy;
    const d = street.lateral(x, y);
    const kerb = d >= 0 ? left.kerb : right.kerb;
    const beyond = Math.abs(d) - kerb;
    if (beyond > 0) {
      const label = street.raisedClass(d);
      let t = upper;
      if (label === CLASS.terrain) {
        // Grass stands up to 0.25 m high: rough to depth and LiDAR, where pavement is flat.
        const grass = 0.15 * valueNoise(1.4 * x, 1.4 * y) + 0.1 * valueNoise(6 * x, 6 * y);
        t = Math.max(0.8 * upper, upper + grass / dz);
      }
      if (t >= limit) continue;
      hits.distance[i] = t;
      hits.surface[i] = SURFACE.raised;
      hits.label[i] = label;
      continue;
    }
    const lower = -rays.originZ / dz;
    if (lower < limit) {
      const x0 = rays.originX + lower * dx;
      const y0 = rays.originY + lower * dy;
      const d0 = street.lateral(x0, y0);
      const kerb0 = d0 >= 0 ? left.kerb : right.kerb;
      const beyond0 = Math.abs(d0) - kerb0;
      if (beyond0 <= 0) {
        hits.distance[i] = lower;
        hits.surface[i] = SURFACE.carriageway;
        hits.label[i] = street.carriagewayClass(street.along(x0, y0), d0);
        continue;
      }
      // Inside above, outside below: the ray met the kerb's face between the two planes.
      const t = upper + ((lower - upper) * -beyond) / (beyond0 - beyond);
      if (t < limit) {
        hits.distance[i] = t;
        hits.surface[i] = SURFACE.kerb;
        hits.label[i] = CLASS.sidewalk;
      }
    }
  }
}
