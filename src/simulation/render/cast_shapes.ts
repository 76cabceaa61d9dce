import { GEOMETRY_STRIDE, type Primitives, TEXTURE } from '../primitives.js';
import { isLeafGap, isOpening } from './cutouts.js';
import type { Hits } from './hits.js';
import type { Window } from './ray_grid.js';

/** Everything a shape's kernel reads: the rays in world coordinates and where they start. */
export interface RayBundle {
  readonly width: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly z: Float32Array;
  originX: number;
  originY: number;
  originZ: number;
}

const MINIMUM = 0.05;

/** Slab method (Kay and Kajiya) in the box's yawed frame. */
export function castBox(p: Primitives, index: number, rays: RayBundle, window: Window, hits: Hits): void {
  const g = p.geometry;
  const at = index * GEOMETRY_STRIDE;
  const [hx, hy, hz, c, s] = [g[at + 3]!, g[at + 4]!, g[at + 5]!, g[at + 6]!, g[at + 7]!];
  const ox = c * (rays.originX - g[at]!) + s * (rays.originY - g[at + 1]!);
  const oy = c * (rays.originY - g[at + 1]!) - s * (rays.originX - g[at]!);
  const oz = rays.originZ - g[at + 2]!;
  const texture = p.texture[index]!;
  const isVeil = texture === TEXTURE.slats || texture === TEXTURE.mesh;
  const { distance } = hits;
  for (let row = window.y0; row < window.y1; row++) {
    const end = row * rays.width + window.x1;
    for (let i = row * rays.width + window.x0; i < end; i++) {
      const limit = distance[i]!;
      if (limit <= window.near) continue;
      const wx = rays.x[i]!;
      const wy = rays.y[i]!;
      const ix = 1 / (c * wx + s * wy);
      let enter = (ix > 0 ? -hx - ox : hx - ox) * ix;
      let leave = (ix > 0 ? hx - ox : -hx - ox) * ix;
      const iy = 1 / (c * wy - s * wx);
      const enterY = (iy > 0 ? -hy - oy : hy - oy) * iy;
      const leaveY = (iy > 0 ? hy - oy : -hy - oy) * iy;
      if (enterY > enter) enter = enterY;
      if (leaveY < leave) leave = leaveY;
      if (enter > leave) continue;
      const iz = 1 / rays.z[i]!;
      const enterZ = (iz > 0 ? -hz - oz : hz - oz) * iz;
      const leaveZ = (iz > 0 ? hz - oz : -hz - oz) * iz;
      if (enterZ > enter) enter = enterZ;
      if (leaveZ < leave) leave = leaveZ;
      if (enter > leave || enter < MINIMUM || enter >= limit) continue;
      if (isVeil && isOpening(texture, p.seed[index]!, ox + enter / ix, oz + enter / iz, hz)) {
        if (enter < hits.veilDistance[i]!) {
          hits.veilDistance[i] = enter;
          hits.veilLabel[i] = p.classId[index]!;
        }
        continue;
      }
      distance[i] = enter;
      hits.surface[i] = index;
    }
  }
}

/** Box with sloped sides: the ray is clipped against its six planes. */
export function castFrustum(p: Primitives, index: number, rays: RayBundle, window: Window, hits: Hits): void {
  const g = p.geometry;
  const at = index * GEOMETRY_STRIDE;
  const [hx, hy, hz, c, s] = [g[at + 3]!, g[at + 4]!, g[at + 5]!, g[at + 6]!, g[at + 7]!];
  // Side planes as x + k z <= m; at the bottom (z = -hz) the offset is hx, at the top the given one.
  const kFront = (hx - g[at + 8]!) / (2 * hz);
  const mFront = (hx + g[at + 8]!) / 2;
  const kRear = (hx + g[at + 9]!) / (2 * hz);
  const mRear = (hx - g[at + 9]!) / 2;
  const kSide = (hy - g[at + 10]!) / (2 * hz);
  const mSide = (hy + g[at + 10]!) / 2;
  const ox = c * (rays.originX - g[at]!) + s * (rays.originY - g[at + 1]!);
  const oy = c * (rays.originY - g[at + 1]!) - s * (rays.originX - g[at]!);
  const oz = rays.originZ - g[at + 2]!;
  const roomFront = mFront - ox - kFront * oz;
  const roomRear = mRear + ox - kRear * oz;
  const roomLeft = mSide - oy - kSide * oz;
  const roomRight = mSide + oy - kSide * oz;
  const { distance } = hits;
  for (let row = window.y0; row < window.y1; row++) {
    const end = row * rays.width + window.x1;
    for (let i = row * rays.width + window.x0; i < end; i++) {
      const limit = distance[i]!;
      if (limit <= window.near) continue;
      const wx = rays.x[i]!;
      const wy = rays.y[i]!;
      const dx = c * wx + s * wy;
      const dy = c * wy - s * wx;
      const dz = rays.z[i]!;
      const iz = 1 / dz;
      let enter = (iz > 0 ? -hz - oz : hz - oz) * iz;
      let leave = (iz > 0 ? hz - oz : -hz - oz) * iz;
      let slope = dx + kFront * dz;
      let t = roomFront / slope;
      if (slope > 0) {
        if (t < leave) leave = t;
      } else if (t > enter) enter = t;
      slope = kRear * dz - dx;
      t = roomRear / slope;
      if (slope > 0) {
        if (t < leave) leave = t;
      } else if (t > enter) enter = t;
      if (enter > leave) continue;
      slope = dy + kSide * dz;
      t = roomLeft / slope;
      if (slope > 0) {
        if (t < leave) leave = t;
      } else if (t > enter) enter = t;
      slope = kSide * dz - dy;
      t = roomRight / slope;
      if (slope > 0) {
        if (t < leave) leave = t;
      } else if (t > enter) enter = t;
      if (enter > leave || enter < MINIMUM || enter >= limit) continue;
      distance[i] = enter;
      hits.surface[i] = index;
    }
  }
}

/** Quadratic equation in the frame where the ellipsoid is the unit sphere. */
export function castEllipsoid(p: Primitives, index: number, rays: RayBundle, window: Window, hits: Hits): void {
  const g = p.geometry;
  const at = index * GEOMETRY_STRIDE;
  const [c, s] = [g[at + 6]!, g[at + 7]!];
  const [ix, iy, iz] = [1 / g[at + 3]!, 1 / g[at + 4]!, 1 / g[at + 5]!];
  const ox = (c * (rays.originX - g[at]!) + s * (rays.originY - g[at + 1]!)) * ix;
  const oy = (c * (rays.originY - g[at + 1]!) - s * (rays.originX - g[at]!)) * iy;
  const oz = (rays.originZ - g[at + 2]!) * iz;
  const oo = ox * ox + oy * oy + oz * oz - 1;
  const texture = p.texture[index]!;
  const { distance } = hits;
  for (let row = window.y0; row < window.y1; row++) {
    const end = row * rays.width + window.x1;
    for (let i = row * rays.width + window.x0; i < end; i++) {
      const limit = distance[i]!;
      if (limit <= window.near) continue;
      const wx = rays.x[i]!;
      const wy = rays.y[i]!;
      const dx = (c * wx + s * wy) * ix;
      const dy = (c * wy - s * wx) * iy;
      const dz = rays.z[i]! * iz;
      const dd = dx * dx + dy * dy + dz * dz;
      const od = ox * dx + oy * dy + oz * dz;
      const discriminant = od * od - dd * oo;
      if (discriminant < 0) continue;
      const t = (-od - Math.sqrt(discriminant)) / dd;
      if (t < MINIMUM || t >= limit) continue;
      if (texture === TEXTURE.foliage) {
        const nx = ox + t * dx;
        const ny = oy + t * dy;
        const nz = oz + t * dz;
        const facing = Math.abs(nx * dx + ny * dy + nz * dz) / Math.sqrt(dd);
        if (isLeafGap(p.seed[index]!, nx / ix, ny / iy, nz / iz, facing)) continue;
      } else if (texture === TEXTURE.spokes && isOpening(texture, 0, ox + t * dx, oz + t * dz, 1)) {
        if (t < hits.veilDistance[i]!) {
          hits.veilDistance[i] = t;
          hits.veilLabel[i] = p.classId[index]!;
        }
        continue;
      }
      distance[i] = t;
      hits.surface[i] = index;
    }
  }
}

/** Cylinder between two points, closed by two half spheres. */
export function castCapsule(p: Primitives, index: number, rays: RayBundle, window: Window, hits: Hits): void {
  const g = p.geometry;
  const at = index * GEOMETRY_STRIDE;
  const [bax, bay, baz] = [g[at + 3]! - g[at]!, g[at + 4]! - g[at + 1]!, g[at + 5]! - g[at + 2]!];
  const [oax, oay, oaz] = [rays.originX - g[at]!, rays.originY - g[at + 1]!, rays.originZ - g[at + 2]!];
  const r2 = g[at + 6]! * g[at + 6]!;
  const baba = bax * bax + bay * bay + baz * baz;
  const baoa = bax * oax + bay * oay + baz * oaz;
  const oaoa = oax * oax + oay * oay + oaz * oaz;
  const { distance } = hits;
  for (let row = window.y0; row < window.y1; row++) {
    const end = row * rays.width + window.x1;
    for (let i = row * rays.width + window.x0; i < end; i++) {
      const limit = distance[i]!;
      if (limit <= window.near) continue;
      const dx = rays.x[i]!;
      const dy = rays.y[i]!;
      const dz = rays.z[i]!;
      const dd = dx * dx + dy * dy + dz * dz;
      const bad = bax * dx + bay * dy + baz * dz;
      const oad = oax * dx + oay * dy + oaz * dz;
      // |o + t d - a - axis|^2 = r^2, with the part along the axis taken out and the whole scaled by |b - a|^2.
      const a = baba * dd - bad * bad;
      const b = baba * oad - baoa * bad;
      const q = baba * oaoa - baoa * baoa - r2 * baba;
      let h = b * b - a * q;
      if (h < 0) continue;
      let t = (-b - Math.sqrt(h)) / a;
      const along = baoa + t * bad;
      if (!(along > 0 && along < baba)) {
        // An end: the sphere about b where the ray passes beyond b, else about a.
        const isFar = along >= baba;
        const ex = isFar ? rays.originX - g[at + 3]! : oax;
        const ey = isFar ? rays.originY - g[at + 4]! : oay;
        const ez = isFar ? rays.originZ - g[at + 5]! : oaz;
        const ed = ex * dx + ey * dy + ez * dz;
        h = ed * ed - dd * (ex * ex + ey * ey + ez * ez - r2);
        if (h < 0) continue;
        t = (-ed - Math.sqrt(h)) / dd;
      }
      if (t < MINIMUM || t >= limit) continue;
      distance[i] = t;
      hits.surface[i] = index;
    }
  }
}
