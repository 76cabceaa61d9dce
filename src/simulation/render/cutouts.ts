import { valueNoise } from '../noise.js';
import { TEXTURE } from '../primitives.js';

/**
 * Whether a see-through surface is open at a point of its front, in its own coordinates (metres from its centre):
 * sensors look through, while the annotation covers the whole outline, as annotators draw fences and wheels.
 */
export function isOpening(texture: number, seed: number, x: number, z: number, halfHeight: number): boolean {
  const fromTop = halfHeight - z;
  const fromBottom = halfHeight + z;
  if (texture === TEXTURE.slats) {
    const period = 0.16 + 0.02 * (seed & 7);
    const isRail = Math.abs(fromTop - 0.15) < 0.06 || Math.abs(fromBottom - 0.2) < 0.06;
    return !isRail && x - Math.floor(x / period) * period > 0.62 * period;
  }
  if (texture === TEXTURE.mesh) {
    const post = x - Math.floor(x / 2) * 2;
    if (post < 0.1) return false;
    const period = 0.28 + 0.02 * (seed & 7);
    return fromTop - Math.floor(fromTop / period) * period > 0.5 * period;
  }
  // Spokes: x and z relative to the wheel's radius.
  return x * x + z * z < 0.6;
}

/**
 * Whether leaves are missing at a point of a crown: ragged outlines instead of balls.
 * @param facing - cosine between view and surface normal; gaps open up where the view grazes
 */
export function isLeafGap(seed: number, x: number, y: number, z: number, facing: number): boolean {
  const clump = leafNoise(seed, 2.1 * x, 2.1 * y, 2.1 * z) - 0.5;
  const twig = leafNoise(seed, 7 * x, 7 * y, 7 * z) - 0.5;
  return 0.3 + 2.2 * clump + 1.8 * twig > facing;
}

/** Solid noise, 0..1 around 0.5, as the mean over the three coordinate planes. */
export function leafNoise(seed: number, x: number, y: number, z: number): number {
  const offset = (seed & 1023) * 0.37;
  return (valueNoise(x + offset, y) + valueNoise(y + offset, z) + valueNoise(z + offset, x)) / 3;
}
