import { Random } from '../../random/random.js';
import type { Weather } from '../conditions.js';
import { GaussianStream } from '../noise.js';

/** Focal length (px) times baseline (m) of the active stereo pair: disparity = this / depth. */
const FOCAL_BASELINE = 97;
/** Stereo matchers answer in fractions of a pixel; this one in 1/32. */
const STEPS_PER_PIXEL = 32;
/** Block matching spreads an error over its window: noise is drawn on a lattice this many pixels wide. */
const WINDOW_PIXELS = 5;
const NEAREST_METRES = 0.5;
const FARTHEST_METRES = 60;

/**
 * What an active stereo camera measures: noise and quantisation are constant in disparity, so they grow with the square
 * of the depth; edges are lost; fog adds light scattered back from near, which pulls depth towards the sensor.
 * @param depth - true depth (z) of each pixel in metres, Infinity for sky
 * @returns millimetres, 0 = no return
 */
export function measureDepth(
  depth: Float32Array,
  width: number,
  weather: Weather,
  seed: number | string,
): Uint16Array<ArrayBuffer> {
  const noise = new GaussianStream(new Random(seed, 'depth').uint32());
  const out = new Uint16Array(depth.length);
  const isFoggy = weather.condition === 'fog';
  const sigma = 0.03 + (isFoggy ? 0.05 : 0) + 0.05 * weather.rain;
  const fine = 0.006 + (isFoggy ? 0.02 : 0) + 0.02 * weather.rain;
  const columns = Math.ceil(width / WINDOW_PIXELS) + 2;
  const lattice = new Float32Array(columns * (Math.ceil(depth.length / width / WINDOW_PIXELS) + 2));
  for (let i = 0; i < lattice.length; i++) lattice[i] = noise.next();
  const spurious = 0.015 * weather.rain + (isFoggy ? 0.006 : 0);
  for (let i = 0; i < depth.length; i++) {
    const z = depth[i]!;
    if (noise.uniform() < spurious) {
      // A drop or a puff of fog right in front of the lens.
      out[i] = Math.round(1000 * (0.8 + 6 * noise.uniform()));
      continue;
    }
    if (!(z > NEAREST_METRES && z < FARTHEST_METRES)) continue;
    const previous = depth[i === 0 ? 0 : i - 1]!;
    const above = depth[i < width ? i : i - width]!;
    const isEdge = Math.abs(previous - z) > 0.08 * z || Math.abs(above - z) > 0.08 * z;
    if (noise.uniform() < 0.006 + (isEdge ? 0.4 : 0)) continue;
    const haze = weather.extinction * z;
    // The pattern's light crosses the air twice; without enough of it there is no match.
    if (isFoggy && noise.uniform() > Math.exp(-0.8 * haze)) continue;
    const shortened = isFoggy ? z * (1 - 0.06 * Math.min(1.5, haze)) : z;
    const error = sigma * between(lattice, columns, (i % width) / WINDOW_PIXELS, Math.floor(i / width) / WINDOW_PIXELS);
    const disparity = FOCAL_BASELINE / shortened + error + fine * noise.next();
    const step = Math.round(disparity * STEPS_PER_PIXEL);
    if (step <= 0) continue;
    const measured = (FOCAL_BASELINE * STEPS_PER_PIXEL) / step;
    if (measured < FARTHEST_METRES) out[i] = Math.round(1000 * measured);
  }
  return out;
}

/** Bilinear interpolation in a lattice. */
function between(lattice: Float32Array, columns: number, x: number, y: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const at = top * columns + left;
  const upper = lattice[at]! + (x - left) * (lattice[at + 1]! - lattice[at]!);
  const lower = lattice[at + columns]! + (x - left) * (lattice[at + columns + 1]! - lattice[at + columns]!);
  return upper + (y - top) * (lower - upper);
}
