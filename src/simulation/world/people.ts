import type { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { type Material, type Pen, TEXTURE } from '../primitives.js';
import { cloth, hsv, skin } from './palette.js';

/** A walker or rider; its origin lies on the ground, x forward. */
export interface Figure {
  /** @param phase - position in the gait or pedal cycle, radians */
  draw(pen: Pen, phase: number): void;
}

interface Clothes {
  readonly shirt: Material;
  readonly trousers: Material;
  readonly skin: Material;
  readonly hair: Material;
}

function dress(random: Random, classId: number): Clothes {
  const part = (texture: number, color: Material['color']): Material => ({
    classId,
    texture,
    color,
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.2, 0.6),
  });
  return {
    shirt: part(TEXTURE.cloth, cloth(random)),
    trousers: part(TEXTURE.cloth, random.chance(0.6) ? hsv(0.62, random.range(0.1, 0.6), 0.3) : cloth(random)),
    skin: part(TEXTURE.plain, skin(random)),
    hair: part(TEXTURE.plain, hsv(random.range(0.03, 0.12), random.range(0.1, 0.6), random.range(0.08, 0.6))),
  };
}

export function createPerson(random: Random): Figure {
  const clothes = dress(random, CLASS.person);
  const size = random.chance(0.15) ? random.range(1.1, 1.45) : random.range(1.55, 1.92);
  const k = size / 1.75;
  const girth = random.range(0.9, 1.25);
  const bag = random.pick(['none', 'none', 'backpack', 'bag'] as const);
  const hasCoat = random.chance(0.3);
  const bagMaterial: Material = { ...clothes.shirt, color: cloth(random) };
  return {
    draw(pen, phase) {
      const swing = 0.26 * k * Math.sin(phase);
      const hip = 0.9 * k;
      const leg = 0.085 * k * girth;
      const hips = 0.1 * k;
      for (const [side, step] of [[hips, swing] as const, [-hips, -swing] as const]) {
        pen.capsule(clothes.trousers, [0, side, hip], [step, side, leg], leg);
        pen.capsule(
          clothes.skin,
          [-0.8 * step, 2.35 * side * girth, 0.86 * k],
          [-0.5 * step, 2.3 * side, 1.1 * k],
          0.05 * k,
        );
        pen.capsule(clothes.shirt, [-0.5 * step, 2.3 * side, 1.1 * k], [0, 2 * side, 1.4 * k], 0.065 * k);
      }
      pen.ellipsoid(clothes.shirt, 0, 0, 1.17 * k, 0.15 * k * girth, 0.22 * k * girth, 0.37 * k);
      if (hasCoat) {
        const half = 0.3 * k;
        pen.frustum(clothes.shirt, [0, 0, 0.88 * k], [0.17 * k, 0.24 * k * girth, half], {
          front: 0.12 * k,
          rear: -0.12 * k,
          half: 0.18 * k,
        });
      }
      pen.ellipsoid(clothes.skin, 0.02, 0, 1.62 * k, 0.1 * k, 0.085 * k, 0.13 * k);
      pen.ellipsoid(clothes.hair, -0.02 * k, 0, 1.66 * k, 0.11 * k, 0.095 * k, 0.12 * k);
      if (bag === 'backpack') pen.box(bagMaterial, -0.2 * k, 0, 1.22 * k, 0.1 * k, 0.16 * k, 0.22 * k);
      if (bag === 'bag') pen.box(bagMaterial, 0, 0.3 * k, 0.62 * k, 0.18 * k, 0.06 * k, 0.16 * k);
    },
  };
}

/** Rider and bicycle are one class, as seen from a car. */
export function createCyclist(random: Random): Figure {
  const clothes = dress(random, CLASS.cyclist);
  const k = random.range(0.94, 1.08);
  const metal: Material = {
    classId: CLASS.cyclist,
    texture: TEXTURE.metal,
    color: hsv(random.next(), random.range(0.2, 0.9), random.range(0.2, 0.85)),
    reflectivity: 0.5,
  };
  const tyre: Material = {
    classId: CLASS.cyclist,
    texture: TEXTURE.spokes,
    color: [0.03, 0.03, 0.03],
    reflectivity: 0.2,
  };
  const helmet: Material | undefined = random.chance(0.6)
    ? { classId: CLASS.cyclist, texture: TEXTURE.plain, color: cloth(random) }
    : undefined;
  const hasCase = random.chance(0.25);
  return {
    draw(pen, phase) {
      const r = 0.35 * k;
      for (const x of [0.53, -0.53]) pen.ellipsoid(tyre, x * k, 0, r, r, 0.035, r);
      const tube = 0.03;
      const crank = [-0.08 * k, 0, 0.32 * k] as const;
      const seat = [-0.22 * k, 0, 0.92 * k] as const;
      const head = [0.38 * k, 0, 0.9 * k] as const;
      pen.capsule(metal, crank, seat, tube);
      pen.capsule(metal, crank, head, tube);
      pen.capsule(metal, [-0.18 * k, 0, 0.78 * k], head, tube);
      pen.capsule(metal, head, [0.53 * k, 0, r], tube);
      pen.capsule(metal, crank, [-0.53 * k, 0, r], tube);
      pen.capsule(metal, [0.36 * k, 0.25 * k, 1.02 * k], [0.36 * k, -0.25 * k, 1.02 * k], tube);
      for (const [side, angle] of [[0.1 * k, phase] as const, [-0.1 * k, phase + Math.PI] as const]) {
        const foot = [crank[0] + 0.17 * k * Math.cos(angle), side, crank[2] - 0.17 * k * Math.sin(angle)] as const;
        const knee = [(foot[0] + seat[0]) / 2 + 0.26 * k, side, (foot[2] + seat[2]) / 2 + 0.12 * k] as const;
        pen.capsule(clothes.trousers, [seat[0], side, seat[2] + 0.04], knee, 0.085 * k);
        pen.capsule(clothes.trousers, knee, foot, 0.065 * k);
        const shoulder = [0.1 * k, 1.8 * side, 1.45 * k] as const;
        pen.capsule(clothes.shirt, shoulder, [0.36 * k, 2.2 * side, 1.05 * k], 0.05 * k);
      }
      pen.capsule(clothes.shirt, [-0.17 * k, 0, 1.05 * k], [0.08 * k, 0, 1.42 * k], 0.17 * k);
      pen.ellipsoid(clothes.skin, 0.2 * k, 0, 1.68 * k, 0.1, 0.085, 0.13);
      pen.ellipsoid(helmet ?? clothes.hair, 0.18 * k, 0, 1.74 * k, 0.14, 0.11, 0.1);
      if (hasCase) pen.box({ ...metal, texture: TEXTURE.plain }, -0.45 * k, 0, 0.95 * k, 0.18, 0.2, 0.17);
    },
  };
}
