import type { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { type Material, type Pen, TEXTURE } from '../primitives.js';
import { type Color, hsv, leaves } from './palette.js';

function foliage(random: Random, color: Color): Material {
  return {
    classId: CLASS.vegetation,
    texture: TEXTURE.foliage,
    color,
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.3, 0.55),
  };
}

export function drawTree(pen: Pen, random: Random, size: number): void {
  const bark: Material = {
    classId: CLASS.vegetation,
    texture: TEXTURE.bark,
    color: hsv(random.range(0.05, 0.1), random.range(0.1, 0.5), random.range(0.2, 0.5)),
    reflectivity: 0.35,
  };
  const color = leaves(random);
  const lean = random.range(-0.05, 0.05) * size;
  if (random.chance(0.25)) {
    // A conifer: three tiers on a short trunk.
    pen.capsule(bark, [0, 0, 0], [0, 0, 0.3 * size], 0.03 * size);
    for (let tier = 0; tier < 3; tier++) {
      const width = (0.24 - 0.055 * tier) * size;
      const middle = (0.28 + 0.26 * tier) * size;
      pen.frustum(foliage(random, color), [0, 0, middle], [width, width, 0.19 * size], {
        front: 0.03 * size,
        rear: -0.03 * size,
        half: 0.03 * size,
      });
    }
    return;
  }
  const fork = random.range(0.3, 0.42) * size;
  pen.capsule(bark, [0, 0, 0], [lean, 0, fork + 0.15 * size], random.range(0.018, 0.034) * size);
  const blobs = random.integer(3, 5);
  for (let blob = 0; blob < blobs; blob++) {
    const angle = (2 * Math.PI * blob) / blobs + random.range(-0.4, 0.4);
    const out = blob === 0 ? 0 : random.range(0.08, 0.17) * size;
    const radius = random.range(0.16, 0.25) * size;
    const height = fork + random.range(0.16, 0.42) * size;
    pen.ellipsoid(
      foliage(random, color),
      lean + out * Math.cos(angle),
      out * Math.sin(angle),
      height,
      radius,
      radius * random.range(0.85, 1.1),
      radius * random.range(0.75, 1),
    );
  }
}

export function drawBush(pen: Pen, random: Random): void {
  const color = leaves(random);
  const count = random.integer(1, 3);
  for (let i = 0; i < count; i++) {
    const r = random.range(0.4, 0.95);
    pen.ellipsoid(
      foliage(random, color),
      0.9 * (i - 1),
      random.range(-0.3, 0.3),
      0.7 * r,
      r,
      r,
      r * random.range(0.8, 1.1),
    );
  }
}

/** A trimmed hedge along x. */
export function drawHedge(pen: Pen, random: Random, length: number): void {
  const height = random.range(0.9, 1.8);
  pen.box(foliage(random, leaves(random)), 0, 0, height / 2, length / 2, random.range(0.3, 0.5), height / 2);
}
