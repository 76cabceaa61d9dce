import { cellHash } from '../../random/random.js';
import { valueNoise } from '../noise.js';
import { SAMPLE, type SurfaceSample, visibleDetail } from './surface_sample.js';

/** Plaster with rows of windows; a few are lit, which only shows at night. */
export function facadeTexture(
  a: Float64Array,
  color: number,
  seed: number,
  u: number,
  z: number,
  nz: number,
  footprint: number,
  out: SurfaceSample,
): void {
  const storey = 2.9 + 0.08 * (seed & 7);
  const bay = 1.7 + 0.25 * ((seed >> 3) & 7);
  const row = Math.floor(z / storey);
  const column = Math.floor(u / bay);
  const fu = Math.abs(u / bay - column - 0.5);
  const fz = z / storey - row;
  const isShop = row === 0 && (seed & 64) !== 0;
  // Bits above 15 are set by the looks of wide data sets alone: blank walls, bands of glass, light frames.
  const isBlank = (seed & 0x10000) !== 0;
  const isBand = (seed & 0x20000) !== 0;
  const half = isBand ? 0.47 : isShop ? 0.42 : 0.18 + 0.03 * ((seed >> 7) & 3);
  const [bottom, top] = isShop ? [0.12, 0.82] : [0.3, 0.78];
  const chance = cellHash(column, row, seed);
  const isDoor = row === 0 && !isShop && chance > 0.82;
  const isWindow =
    nz < 0.5 && fu < half && fz > (isDoor ? 0 : bottom) && fz < top && chance > (isBlank && !isDoor ? 0.93 : 0.06);
  const isPlinth = row === 0 && (seed & 512) !== 0;
  const detail = visibleDetail(0.7, footprint);
  const base = isPlinth ? color + 3 : color;
  const shade = 0.82 + 0.3 * valueNoise(0.5 * u + seed, 0.5 * z) + 0.12 * (valueNoise(3 * u, 3 * z + seed) - 0.5);
  // Windows too small to resolve darken the wall by their share instead of flickering.
  const glass = isWindow ? 0.35 + 0.65 * detail : isBlank ? 0 : 0.25 * (1 - detail);
  const frame = seed & 0x40000 ? 0.07 : 0.03;
  const isFrame = isWindow && (fu > half - frame || fu < 0.012) ? detail : 0;
  const curtain = chance > 0.6 ? 0.22 : 0.03;
  for (let c = 0; c < 3; c++) {
    const wall = shade * a[base + c]!;
    const pane = isDoor ? 0.3 * a[color + 3 + c]! : curtain * (1 + 0.15 * (c - 1));
    out[c] = wall + glass * (pane - wall) + isFrame * 0.5 * (0.8 - pane);
  }
  out[SAMPLE.gloss] = isWindow && !isDoor ? 0.09 * detail : 0;
  out[SAMPLE.emission] = isWindow && !isDoor && chance > 0.93 ? 0.02 : 0;
}
