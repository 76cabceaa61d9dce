import { cellHash } from '../../random/random.js';
import { valueNoise } from '../noise.js';
import { APPEARANCE_STRIDE, GEOMETRY_STRIDE, type Primitives, TEXTURE } from '../primitives.js';
import { leafNoise } from './cutouts.js';
import { facadeTexture } from './facade_texture.js';
import { LOCAL } from './local_hit.js';
import { boardSignPattern, roundSignPattern } from './sign_texture.js';
import { SAMPLE, type SurfaceSample, visibleDetail } from './surface_sample.js';

/** Albedo, gloss and own light of a point on a primitive, given in its own frame. */
export function objectTexture(
  p: Primitives,
  index: number,
  local: Float64Array,
  footprint: number,
  out: SurfaceSample,
): void {
  const color = index * APPEARANCE_STRIDE;
  const a = p.appearance;
  const seed = p.seed[index]!;
  const halfHeight = p.geometry[index * GEOMETRY_STRIDE + 5]!;
  const lx = local[LOCAL.x]!;
  const ly = local[LOCAL.y]!;
  const lz = local[LOCAL.z]!;
  const nx = local[LOCAL.nx]!;
  const ny = local[LOCAL.ny]!;
  const nz = local[LOCAL.nz]!;
  // Along a vertical face, whichever way it looks.
  const u = Math.abs(ny) > Math.abs(nx) ? lx : ly;
  out[SAMPLE.gloss] = 0;
  out[SAMPLE.emission] = 0;
  let shade = 1;
  let second = 0;
  switch (p.texture[index]!) {
    case TEXTURE.facade:
      facadeTexture(a, color, seed, u, lz + halfHeight, nz, footprint, out);
      return;
    case TEXTURE.brick: {
      const row = Math.floor(lz / 0.16);
      const along = u / 0.42 + 0.5 * (row & 1);
      const isJoint = lz / 0.16 - row < 0.14 || along - Math.floor(along) < 0.06;
      const detail = visibleDetail(0.16, footprint);
      shade =
        0.8 + 0.3 * valueNoise(0.7 * u + seed, lz) + detail * 0.35 * (cellHash(Math.floor(along), row, seed) - 0.5);
      if (isJoint) shade *= 1 + 0.35 * detail;
      break;
    }
    case TEXTURE.concrete: {
      const panel = u / 2.4;
      const isJoint = panel - Math.floor(panel) < 0.02;
      shade = 0.75 + 0.4 * valueNoise(0.8 * u + seed, 1.3 * lz) + 0.15 * valueNoise(5 * u, 0.4 * lz + seed);
      if (isJoint) shade *= 0.7;
      // Somebody sprayed some panels.
      if (cellHash(Math.floor(panel), 1, seed) > 0.8 && valueNoise(2 * u + seed, 2.4 * lz) > 0.6) second = 0.9;
      break;
    }
    case TEXTURE.plaster:
      shade =
        0.9 +
        0.12 * valueNoise(0.4 * u + seed, 0.6 * lz) +
        0.06 * visibleDetail(0.2, footprint) * valueNoise(8 * u, 8 * lz);
      break;
    case TEXTURE.roof: {
      const course = lz / 0.3;
      shade =
        0.85 + 0.25 * valueNoise(lx + seed, ly) - 0.15 * visibleDetail(0.3, footprint) * (course - Math.floor(course));
      break;
    }
    case TEXTURE.slats:
    case TEXTURE.mesh:
      shade = 0.8 + 0.4 * cellHash(Math.floor(u / 0.3), 0, seed);
      break;
    case TEXTURE.metal:
      shade = 0.85 + 0.3 * valueNoise(3 * lz + seed, nx);
      out[SAMPLE.gloss] = 0.08;
      break;
    case TEXTURE.roundSign:
      second = roundSignPattern(seed, ly, lz, halfHeight, nx);
      if (second < 0) {
        fillGray(out, 0.25);
        return;
      }
      break;
    case TEXTURE.boardSign:
      second = boardSignPattern(seed, ly, lz, p.geometry[index * GEOMETRY_STRIDE + 4]!, halfHeight, nx);
      if (second < 0) {
        fillGray(out, 0.25);
        return;
      }
      break;
    case TEXTURE.foliage: {
      const clump = leafNoise(seed, 2.6 * lx, 2.6 * ly, 2.6 * lz) - 0.5;
      const fine = visibleDetail(0.1, footprint) * (leafNoise(seed, 11 * lx, 11 * ly, 11 * lz) - 0.5);
      // Darker inside and below, where less light gets through.
      shade = Math.max(0.2, 0.85 + 0.25 * nz + 1.9 * clump + 2.2 * fine);
      break;
    }
    case TEXTURE.bark:
      shade = 0.7 + 0.6 * valueNoise(14 * nx + 9 * ny, 1.5 * lz);
      break;
    case TEXTURE.paint: {
      out[SAMPLE.gloss] = 0.06;
      // A darker sill, the gap between doors, a number plate.
      if (lz < -0.6 * halfHeight) shade = 0.35;
      else if (Math.abs(ny) > 0.7 && Math.abs(Math.abs(lx + 0.15) - 0.55) < 0.025)
        shade = 1 - 0.6 * visibleDetail(0.05, footprint);
      if (Math.abs(nx) > 0.7 && Math.abs(ly) < 0.26 && Math.abs(lz + 0.05) < 0.07) {
        fillGray(out, 0.7);
        return;
      }
      break;
    }
    case TEXTURE.glasshouse: {
      const isRoof = nz > 0.9;
      const along = Math.abs(ny) > 0.5 ? lx : ly;
      const isPillar = Math.abs(ny) > 0.5 && Math.abs(along - 0.05) < 0.06;
      if (!isRoof && !isPillar && Math.abs(lz) < 0.82 * halfHeight) {
        second = 1;
        out[SAMPLE.gloss] = 0.12;
      } else out[SAMPLE.gloss] = 0.06;
      break;
    }
    case TEXTURE.cargo: {
      const style = seed % 4;
      const rib = u / 0.5 - Math.floor(u / 0.5);
      shade = 0.9 + 0.2 * valueNoise(0.6 * u + seed, 0.6 * lz);
      if (style === 0) shade *= rib < 0.15 ? 1 - 0.3 * visibleDetail(0.25, footprint) : 1;
      else if (style === 1) second = Math.abs(lz - 0.2) < 0.35 ? 1 : 0;
      else if (style === 2) second = valueNoise(0.9 * u + seed, 1.1 * lz) > 0.6 ? 1 : 0;
      if (lz < -halfHeight + 0.12) shade *= 0.4;
      break;
    }
    case TEXTURE.cloth:
      shade = 0.75 + 0.5 * valueNoise(9 * (lx + ly) + seed, 9 * lz);
      break;
    case TEXTURE.wheel:
      second = lx * lx + lz * lz < 0.38 * halfHeight * halfHeight ? 1 : 0;
      break;
    case TEXTURE.lamp:
      out[SAMPLE.emission] = a[color + 7]!;
      break;
    default:
      break;
  }
  const first = 1 - second;
  out[SAMPLE.red] = shade * (first * a[color]! + second * a[color + 3]!);
  out[SAMPLE.green] = shade * (first * a[color + 1]! + second * a[color + 4]!);
  out[SAMPLE.blue] = shade * (first * a[color + 2]! + second * a[color + 5]!);
}

function fillGray(out: SurfaceSample, level: number): void {
  out[SAMPLE.red] = out[SAMPLE.green] = out[SAMPLE.blue] = level;
}
