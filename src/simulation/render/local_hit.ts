import { GEOMETRY_STRIDE, type Primitives, SHAPE } from '../primitives.js';

/** A hit in the primitive's own frame: position (metres from its centre) and unit normal, then the world normal. */
export const LOCAL = { x: 0, y: 1, z: 2, nx: 3, ny: 4, nz: 5, wx: 6, wy: 7, wz: 8, length: 9 } as const;

/** Position and normals at a world point on a primitive's surface. */
export function localHit(p: Primitives, index: number, x: number, y: number, z: number, out: Float64Array): void {
  const g = p.geometry;
  const at = index * GEOMETRY_STRIDE;
  const shape = p.shape[index]!;
  if (shape === SHAPE.capsule) {
    capsuleHit(g, at, x, y, z, out);
    return;
  }
  const hx = g[at + 3]!;
  const hy = g[at + 4]!;
  const hz = g[at + 5]!;
  const c = g[at + 6]!;
  const s = g[at + 7]!;
  const lx = c * (x - g[at]!) + s * (y - g[at + 1]!);
  const ly = c * (y - g[at + 1]!) - s * (x - g[at]!);
  const lz = z - g[at + 2]!;
  let nx = 0;
  let ny = 0;
  let nz = 0;
  if (shape === SHAPE.ellipsoid) {
    nx = lx / (hx * hx);
    ny = ly / (hy * hy);
    nz = lz / (hz * hz);
  } else {
    // The face with the least room left between it and the point.
    const isFrustum = shape === SHAPE.frustum;
    const kFront = isFrustum ? (hx - g[at + 8]!) / (2 * hz) : 0;
    const kRear = isFrustum ? (hx + g[at + 9]!) / (2 * hz) : 0;
    const kSide = isFrustum ? (hy - g[at + 10]!) / (2 * hz) : 0;
    const front = hx - lx - kFront * (lz + hz);
    const rear = hx + lx - kRear * (lz + hz);
    const left = hy - ly - kSide * (lz + hz);
    const right = hy + ly - kSide * (lz + hz);
    const up = hz - lz;
    const down = hz + lz;
    const least = Math.min(front, rear, left, right, up, down);
    if (least === up) nz = 1;
    else if (least === front) {
      nx = 1;
      nz = kFront;
    } else if (least === rear) {
      nx = -1;
      nz = kRear;
    } else if (least === left) {
      ny = 1;
      nz = kSide;
    } else if (least === right) {
      ny = -1;
      nz = kSide;
    } else nz = -1;
  }
  const scale = 1 / Math.sqrt(nx * nx + ny * ny + nz * nz);
  out[LOCAL.x] = lx;
  out[LOCAL.y] = ly;
  out[LOCAL.z] = lz;
  out[LOCAL.nx] = nx * scale;
  out[LOCAL.ny] = ny * scale;
  out[LOCAL.nz] = nz * scale;
  out[LOCAL.wx] = (c * nx - s * ny) * scale;
  out[LOCAL.wy] = (s * nx + c * ny) * scale;
  out[LOCAL.wz] = nz * scale;
}

/** Local z runs along the axis from end a; x and y are the normal's horizontal parts, so texture can wrap around. */
function capsuleHit(g: Float64Array, at: number, x: number, y: number, z: number, out: Float64Array): void {
  const bx = g[at + 3]! - g[at]!;
  const by = g[at + 4]! - g[at + 1]!;
  const bz = g[at + 5]! - g[at + 2]!;
  const px = x - g[at]!;
  const py = y - g[at + 1]!;
  const pz = z - g[at + 2]!;
  const bb = bx * bx + by * by + bz * bz;
  const f = Math.min(1, Math.max(0, (px * bx + py * by + pz * bz) / bb));
  const nx = px - f * bx;
  const ny = py - f * by;
  const nz = pz - f * bz;
  const scale = 1 / Math.sqrt(nx * nx + ny * ny + nz * nz);
  out[LOCAL.x] = nx;
  out[LOCAL.y] = ny;
  out[LOCAL.z] = f * Math.sqrt(bb);
  out[LOCAL.nx] = out[LOCAL.wx] = nx * scale;
  out[LOCAL.ny] = out[LOCAL.wy] = ny * scale;
  out[LOCAL.nz] = out[LOCAL.wz] = nz * scale;
}
