import { cellHash } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { valueNoise } from '../noise.js';
import type { Street } from '../world/street.js';
import { SURFACE } from './hits.js';
import { SAMPLE, type SurfaceSample, visibleDetail } from './surface_sample.js';

/**
 * Albedo of a ground point. `footprint` is the pixel's size across the view, metres; patterns finer than it fade out.
 */
export function groundTexture(
  street: Street,
  surface: number,
  label: number,
  x: number,
  y: number,
  footprint: number,
  out: SurfaceSample,
): void {
  const l = street.layout;
  out[SAMPLE.gloss] = 0.02;
  out[SAMPLE.emission] = 0;
  if (label === CLASS.terrain) {
    const patch = valueNoise(0.35 * x + l.seed, 0.35 * y);
    const tuft = valueNoise(2.2 * x, 2.2 * y + l.seed);
    const blade = visibleDetail(0.12, footprint) * (valueNoise(11 * x, 11 * y) - 0.5);
    const dry = Math.min(1, Math.max(0, 2.2 * patch - 0.75));
    const shade = 0.65 + 0.6 * tuft + 0.9 * blade;
    for (let c = 0; c < 3; c++) out[c] = shade * (l.grass[c]! + dry * (l.dryGrass[c]! - l.grass[c]!));
    return;
  }
  const stain = valueNoise(0.5 * x + 31, 0.5 * y + l.seed);
  const grain = visibleDetail(0.04, footprint) * (valueNoise(27 * x + 0.3 * y, 27 * y) - 0.5);
  if (label === CLASS.sidewalk) {
    if (surface === SURFACE.kerb) {
      fill(out, l.paving, 0.55 + 0.2 * stain);
      return;
    }
    const s = street.along(x, y);
    const d = street.lateral(x, y);
    const isKerbstone = Math.abs(d) < (d >= 0 ? l.left.kerb : l.right.kerb) + 0.18;
    const size = isKerbstone ? 1 : l.slab;
    const cellS = Math.floor(s / size);
    const cellD = Math.floor(d / size);
    const jointS = Math.abs(s / size - cellS - 0.5) * size;
    const jointD = Math.abs(d / size - cellD - 0.5) * size;
    const joint = size / 2 - Math.max(jointS, isKerbstone ? 0 : jointD) < 0.02 ? visibleDetail(0.04, footprint) : 0;
    const slab = visibleDetail(size, footprint) * (cellHash(cellS, cellD, l.seed) - 0.5);
    const shade = (0.82 + 0.3 * stain + 0.22 * slab + 0.3 * grain) * (1 - 0.45 * joint);
    fill(out, l.paving, isKerbstone ? 1.15 * shade : shade);
    return;
  }
  const d = street.lateral(x, y);
  if (label === CLASS.laneMarking) {
    const wear = valueNoise(5 * x, 5 * y + l.seed);
    fill(out, l.paint, 0.62 + 0.3 * stain + visibleDetail(0.2, footprint) * 0.5 * Math.min(0, wear - 0.3));
    return;
  }
  // Tyres polish two tracks a lane; repairs leave darker rectangles; cracks run along noise contours.
  const track = Math.cos((Math.PI * 4 * d) / l.laneWidth);
  const s = street.along(x, y);
  const repair = cellHash(Math.floor(s / 7), Math.floor(d / 1.7), l.seed) > 0.9 ? 0.72 : 1;
  const crack = Math.abs(valueNoise(0.8 * x, 0.8 * y + 7) - 0.5) < 0.012 ? visibleDetail(0.05, footprint) : 0;
  fill(out, l.asphalt, (0.78 + 0.4 * stain - 0.08 * track + 0.55 * grain) * repair * (1 - 0.5 * crack));
}

function fill(out: SurfaceSample, color: readonly [number, number, number], shade: number): void {
  out[SAMPLE.red] = color[0] * shade;
  out[SAMPLE.green] = color[1] * shade;
  out[SAMPLE.blue] = color[2] * shade;
}
