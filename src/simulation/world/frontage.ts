import type { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { type Material, type Pen, TEXTURE } from '../primitives.js';
import { hsv, masonry, scaled } from './palette.js';

/**
 * A house along x, its front at y = 0 and the rest of it on the +y side; `length` and `depth` in metres.
 * @param leastStoreys - no house is lower
 */
export function drawBuilding(pen: Pen, random: Random, length: number, depth: number, leastStoreys = 1): void {
  const storeys = Math.max(leastStoreys, random.pick([1, 2, 2, 3, 3, 4, 6]));
  const height = storeys * random.range(2.8, 3.4) + 0.4;
  const color = masonry(random);
  const walls: Material = {
    classId: CLASS.building,
    texture: TEXTURE.facade,
    color,
    secondColor: random.chance(0.5) ? scaled(color, random.range(0.4, 0.8)) : masonry(random),
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.25, 0.6),
  };
  const half = length / 2 - random.range(0.1, 0.6);
  pen.box(walls, 0, depth / 2, height / 2, half, depth / 2, height / 2);
  const roof: Material = {
    classId: CLASS.building,
    texture: TEXTURE.roof,
    color: random.chance(0.5) ? hsv(0.02, 0.55, random.range(0.3, 0.5)) : hsv(0.6, 0.1, random.range(0.2, 0.4)),
    seed: random.uint32() & 0xffff,
  };
  if (storeys <= 3 && random.chance(0.7)) {
    const rise = random.range(0.8, 1.7);
    const end = random.chance(0.5) ? half : half - depth * 0.3;
    pen.frustum(roof, [0, depth / 2, height + rise], [half + 0.25, depth / 2 + 0.35, rise], {
      front: Math.max(0.5, end),
      rear: -Math.max(0.5, end),
      half: 0.15,
    });
  } else pen.box(roof, 0, depth / 2, height + 0.15, half + 0.15, depth / 2 + 0.15, 0.18);
  // Relief on the front: a balcony, a bay or an awning, so that a facade is no flat sheet.
  const relief: Material = { ...walls, texture: TEXTURE.plain, color: scaled(color, random.range(0.5, 0.9)) };
  const step = random.range(2.6, 4.5);
  const kind = random.pick(['none', 'balconies', 'bays', 'awning'] as const);
  if (kind === 'balconies') {
    for (let x = -half + 1.5; x < half - 1; x += step) {
      for (let z = 3.2; z < height - 1.5; z += 3) pen.box(relief, x, -0.4, z, 0.9, 0.4, 0.45);
    }
  } else if (kind === 'bays') {
    for (let x = -half + 2; x < half - 1; x += 2 * step) pen.box(walls, x, -0.3, height / 2, 1, 0.3, height / 2 - 0.2);
  } else if (kind === 'awning') {
    pen.box({ ...relief, color: masonry(random) }, 0, -0.5, 2.7, half * 0.8, 0.5, 0.12);
  }
}

/** A free-standing wall along x. */
export function drawWall(pen: Pen, random: Random, length: number): void {
  const height = random.range(1.7, 2.9);
  const isBrick = random.chance(0.45);
  const color = isBrick
    ? hsv(random.range(0.0, 0.06), random.range(0.3, 0.6), random.range(0.35, 0.6))
    : random.chance(0.3)
      ? masonry(random)
      : hsv(0.1, random.range(0, 0.15), random.range(0.4, 0.75));
  const wall: Material = {
    classId: CLASS.wall,
    texture: isBrick ? TEXTURE.brick : TEXTURE.concrete,
    color,
    secondColor: scaled(color, random.range(0.5, 1.2)),
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.25, 0.55),
  };
  pen.box(wall, 0, 0, height / 2, length / 2, 0.18, height / 2);
  pen.box({ ...wall, texture: TEXTURE.concrete }, 0, 0, height + 0.06, length / 2, 0.26, 0.07);
  if (random.chance(0.5)) {
    for (let x = -length / 2; x <= length / 2 + 0.1; x += 4)
      pen.box(wall, x, 0, height / 2, 0.24, 0.28, height / 2 + 0.1);
  }
}

/** A see-through fence along x: upright slats, or rails between posts. */
export function drawFence(pen: Pen, random: Random, length: number): void {
  const isSlats = random.chance(0.6);
  const height = isSlats ? random.range(1.05, 1.7) : random.range(0.95, 1.4);
  const fence: Material = {
    classId: CLASS.fence,
    texture: isSlats ? TEXTURE.slats : TEXTURE.mesh,
    color: random.chance(0.45)
      ? hsv(0.08, random.range(0.2, 0.6), random.range(0.3, 0.7))
      : random.chance(0.5)
        ? hsv(0.1, 0.02, random.range(0.75, 0.95))
        : hsv(random.range(0.3, 0.65), random.range(0.1, 0.6), random.range(0.2, 0.5)),
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.3, 0.6),
  };
  pen.box(fence, 0, 0, height / 2, length / 2, 0.04, height / 2);
}
