import type { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { type Material, type Pen, TEXTURE } from '../primitives.js';
import { type Color, hsv } from './palette.js';

export function poleMaterial(random: Random): Material {
  return {
    classId: CLASS.pole,
    texture: TEXTURE.metal,
    color: random.pick<Color>([
      hsv(0.6, 0.03, random.range(0.4, 0.75)),
      hsv(0.4, 0.35, 0.3),
      hsv(0.6, 0.1, 0.18),
      hsv(0.08, 0.4, 0.4),
    ]),
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.35, 0.7),
  };
}

/** Height of a street lamp's light above the ground and how far its arm reaches along y. */
export interface LampHead {
  readonly height: number;
  readonly reach: number;
}

/** A lamp post with its arm along +y. */
export function drawLampPost(pen: Pen, random: Random, material: Material, head: LampHead): void {
  const radius = random.range(0.13, 0.18);
  pen.capsule(material, [0, 0, 0], [0, 0, head.height], radius);
  pen.capsule(material, [0, 0, 0], [0, 0, 0.5], radius * 1.5);
  pen.capsule(material, [0, 0, head.height], [0, head.reach, head.height + 0.25], 0.09);
  const lamp: Material = { ...material, texture: TEXTURE.lamp, color: [0.9, 0.75, 0.5], emission: 0.6 };
  pen.ellipsoid(lamp, 0, head.reach, head.height + 0.15, 0.2, 0.4, 0.12);
}

const SIGN_COLORS: readonly (readonly [Color, Color])[] = [
  [hsv(0, 0.85, 0.75), hsv(0.1, 0.02, 0.93)],
  [hsv(0.6, 0.85, 0.6), hsv(0.1, 0.02, 0.93)],
  [hsv(0.14, 0.9, 0.9), hsv(0.1, 0.5, 0.1)],
  [hsv(0.1, 0.02, 0.93), hsv(0, 0.85, 0.75)],
  [hsv(0.42, 0.8, 0.42), hsv(0.1, 0.02, 0.93)],
];

/** A post with one or two plates whose faces look along -x, towards who drives along +x. */
export function drawSignPost(pen: Pen, random: Random, material: Material): void {
  const isBoard = random.chance(0.4);
  const height = random.range(2.3, 3.1);
  const radius = 0.125;
  let top = height;
  const plates = isBoard ? 1 : random.integer(1, 2);
  for (let plate = 0; plate < plates; plate++) {
    const [color, secondColor] = random.pick(SIGN_COLORS);
    const face: Material = {
      classId: CLASS.trafficSign,
      texture: isBoard || random.chance(0.3) ? TEXTURE.boardSign : TEXTURE.roundSign,
      color,
      secondColor,
      seed: random.uint32() & 0xffff,
      reflectivity: 1.4,
    };
    if (face.texture === TEXTURE.boardSign) {
      const halfWidth = isBoard ? random.range(0.7, 1.1) : random.range(0.4, 0.55);
      const half = isBoard ? random.range(0.45, 0.75) : random.range(0.4, 0.55);
      pen.box(face, -0.16, 0, top + half, 0.03, halfWidth, half);
      top += 2 * half + 0.08;
    } else {
      const half = random.range(0.42, 0.58);
      pen.ellipsoid(face, -0.16, 0, top + half, 0.035, half, half);
      top += 2 * half + 0.08;
    }
  }
  pen.capsule(material, [0, 0, 0], [0, 0, top - 0.1], radius);
}

export function drawBollard(pen: Pen, material: Material): void {
  pen.capsule(material, [0, 0, 0], [0, 0, 0.95], 0.13);
}
