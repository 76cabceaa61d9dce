import { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { type Material, Pen, type Primitives, TEXTURE } from '../primitives.js';
import { hsv } from '../world/palette.js';
import { createPerson } from '../world/people.js';
import type { Frontage } from '../world/statics.js';
import type { Street } from '../world/street.js';
import { drawBollard, poleMaterial } from '../world/street_furniture.js';
import { drawBush, drawHedge, drawTree } from '../world/vegetation.js';
import { createCar, createTruck } from '../world/vehicles.js';

const START = -8;

/** From streets without sky above their houses to roads between hedges under all of it. */
const FRONTAGES: readonly Frontage[] = [
  { deck: ['building', 'building', 'building', 'building', 'wall'], leastStoreys: 5 },
  { deck: ['building', 'building', 'building', 'wall'], leastStoreys: 3 },
  { deck: ['hedge', 'hedge', 'fence', 'building', 'wall'], leastStoreys: 1 },
  { deck: ['green', 'green', 'hedge', 'hedge', 'fence'], leastStoreys: 1 },
  { deck: ['wall', 'wall', 'building', 'hedge'], leastStoreys: 1 },
];

/** What the statics must know before there is clutter. */
export interface ClutterPlan {
  /** Where there is room for cars parked across, frontages stand back by so much, metres. */
  readonly setback: Readonly<Record<'left' | 'right', number>>;
  readonly frontage?: Frontage;
}

export function planClutter(seed: number): ClutterPlan {
  const random = new Random(seed, 'plan of clutter');
  const room = () => (random.chance(0.4) ? 5 : 0);
  const setback = { left: room(), right: room() };
  return random.chance(0.6) ? { setback, frontage: random.pick(FRONTAGES) } : { setback };
}

/**
 * What stands about in a `wide` scene besides the usual: long hedges, blank walls, planters, posts, people who wait, and
 * vehicles parked at the kerb, on the verge and across the sidewalk's end, so that cars are seen from all sides and near.
 */
export function buildClutter(
  primitives: Primitives,
  street: Street,
  seed: number,
  length: number,
  plan: ClutterPlan,
): void {
  const pen = new Pen(primitives);
  for (const sign of [1, -1] as const) {
    const random = new Random(seed, 'clutter', sign);
    const side = sign > 0 ? street.layout.left : street.layout.right;
    const kerb = street.layout.kerbHeight;
    const to = (s: number, outwards: number, turn = 0, z = kerb): Pen =>
      pen.moveTo(street.worldX(s, sign * outwards), street.worldY(s, sign * outwards), z, street.heading(s) + turn);
    const edge = side.sidewalkEnd;
    const setback = plan.setback[sign > 0 ? 'left' : 'right'];
    if (random.chance(0.4)) lineOf(random, length, (s, run) => tallHedge(to(s, edge + setback + 0.35), random, run));
    if (random.chance(0.3)) lineOf(random, length, (s, run) => blankWall(to(s, edge + setback + 0.15), random, run));
    if (setback > 0) {
      for (let s = START + random.range(0, 8); s < length; s += random.range(2.7, 9)) {
        // Across the end of the sidewalk, nose in or out: their sides and fronts look at the street.
        const turn = random.chance(0.5) ? Math.PI / 2 : -Math.PI / 2;
        createCar(random, 'wide').draw(to(s, edge + 2.4, turn + random.range(-0.12, 0.12)));
      }
    }
    if (side.parkingWidth === 0 && random.chance(0.5)) {
      for (let s = START + random.range(0, 20); s < length; s += random.range(5.5, 24)) {
        const turn = sign < 0 || random.chance(0.3) ? 0 : Math.PI;
        const vehicle = random.chance(0.12) ? createTruck(random) : createCar(random, 'wide');
        // Half on the kerb, so that the lane stays free.
        vehicle.draw(to(s, side.kerb + vehicle.width / 2 - 0.3, turn + random.range(-0.05, 0.05), 0.6 * kerb));
      }
    }
    for (let s = START + random.range(0, 12); s < length; s += random.range(3, 22)) {
      const figure = createPerson(random);
      figure.draw(to(s, random.range(side.kerb + 0.4, edge - 0.2), random.range(0, 6.28)), random.range(0, 0.7));
    }
    if (random.chance(0.5)) {
      for (let s = START + random.range(0, 10); s < length; s += random.range(5, 16))
        planter(to(s, edge - 0.4), random);
    }
    const post = poleMaterial(random);
    for (let s = START + random.range(0, 20); s < length; s += random.range(6, 30)) {
      if (random.chance(0.4)) drawBollard(to(s, side.kerb + 0.4), post);
      else slimPost(to(s, side.kerb + random.range(0.35, 0.9)), random, post);
    }
    for (let s = START + random.range(0, 20); s < length; s += random.range(8, 40)) {
      drawTree(to(s, edge + random.range(2, 12)), random, random.range(3, 13));
    }
  }
}

function lineOf(random: Random, length: number, draw: (middle: number, run: number) => void): void {
  for (let s = START + random.range(0, 25); s < length; ) {
    const run = random.range(5, 26);
    draw(s + run / 2, run);
    s += run + random.range(2, 30);
  }
}

/** From knee height to a green wall; clipped flat or grown over. */
function tallHedge(pen: Pen, random: Random, length: number): void {
  if (random.chance(0.35)) {
    drawHedge(pen, random, length);
    return;
  }
  const height = random.range(0.6, 3.6);
  const foliage: Material = {
    classId: CLASS.vegetation,
    texture: TEXTURE.foliage,
    color: hsv(random.range(0.2, 0.38), random.range(0.3, 0.7), random.range(0.2, 0.5)),
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.3, 0.55),
  };
  pen.box(foliage, 0, 0, height / 2, length / 2, random.range(0.3, 0.9), height / 2);
  if (random.chance(0.5)) {
    for (let x = -length / 2; x < length / 2; x += random.range(0.5, 1.4)) {
      const r = random.range(0.25, 0.7);
      pen.ellipsoid({ ...foliage, seed: random.uint32() & 0xffff }, x, 0, height, r, r, r);
    }
  }
}

/** Smooth and often white, without joints or windows. */
function blankWall(pen: Pen, random: Random, length: number): void {
  const height = random.range(1, 4.5);
  const color = random.chance(0.6)
    ? hsv(0.1, random.range(0, 0.08), random.range(0.85, 0.99))
    : hsv(random.next(), random.range(0, 0.3), random.range(0.3, 0.85));
  const wall: Material = {
    classId: CLASS.wall,
    texture: random.chance(0.6) ? TEXTURE.plaster : TEXTURE.concrete,
    color,
    secondColor: color,
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.3, 0.8),
  };
  pen.box(wall, 0, 0, height / 2, length / 2, 0.15, height / 2);
}

/** A low box of stone or wood with a shrub in it. */
function planter(pen: Pen, random: Random): void {
  const half = random.range(0.3, 0.6);
  const height = random.range(0.35, 0.8);
  const box: Material = {
    classId: CLASS.wall,
    texture: random.chance(0.5) ? TEXTURE.concrete : TEXTURE.plaster,
    color: hsv(random.range(0.04, 0.12), random.range(0, 0.5), random.range(0.2, 0.9)),
    seed: random.uint32() & 0xffff,
  };
  pen.box(box, 0, 0, height / 2, half * random.range(1, 2), half, height / 2);
  if (random.chance(0.7)) drawBush(pen, random);
}

function slimPost(pen: Pen, random: Random, material: Material): void {
  pen.capsule(material, [0, 0, 0], [0, 0, random.range(1.8, 8)], random.range(0.04, 0.12));
}
