import { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { type Material, Pen, type Primitives, TEXTURE } from '../primitives.js';
import { drawBuilding, drawFence, drawWall } from './frontage.js';
import { hsv } from './palette.js';
import type { Street, StreetSide } from './street.js';
import { drawBollard, drawLampPost, drawSignPost, poleMaterial } from './street_furniture.js';
import { drawBush, drawHedge, drawTree } from './vegetation.js';
import { type CarSpread, createCar, createTruck } from './vehicles.js';

/** A street lamp that is lit at night, where its light is. */
export interface Lamp {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export interface StaticsOptions {
  /** How far frontages stand behind the sidewalk's end, metres: room for what else is put there. */
  readonly setback?: Readonly<Record<'left' | 'right', number>>;
  readonly cars?: CarSpread;
  /** What the frontages are dealt from; by default one of a town, a suburb or a park. */
  readonly frontage?: Frontage;
}

/** Everything that does not move, from 12 m behind the street's start to its end. Returns the lit lamps. */
export function buildStatics(
  primitives: Primitives,
  street: Street,
  seed: number | string,
  length: number,
  options: StaticsOptions = {},
): Lamp[] {
  const pen = new Pen(primitives);
  const lamps: Lamp[] = [];
  for (const side of ['left', 'right'] as const) {
    const at = new Placer(pen, street, side);
    buildFrontage(at, new Random(seed, side, 'frontage'), length, options.setback?.[side] ?? 0, options.frontage);
    buildPosts(at, new Random(seed, side, 'posts'), length, lamps);
    buildGreen(at, new Random(seed, side, 'green'), length);
    buildParked(at, new Random(seed, side, 'parked'), length, options.cars ?? 'plain');
  }
  return lamps;
}

/** Moves the pen to places given by arc length and distance from the centre line, outwards positive on both sides. */
class Placer {
  readonly pen: Pen;
  readonly street: Street;
  readonly side: StreetSide;
  readonly sign: 1 | -1;

  constructor(pen: Pen, street: Street, side: 'left' | 'right') {
    this.pen = pen;
    this.street = street;
    this.side = street.layout[side];
    this.sign = side === 'left' ? 1 : -1;
  }

  /** @param facing - `out`: the pen's +y points away from the street; `along`: its +x follows increasing s */
  to(s: number, outwards: number, facing: 'out' | 'along', level: 'raised' | 'carriageway' = 'raised', turn = 0): Pen {
    const d = this.sign * outwards;
    const yaw = this.street.heading(s) + (facing === 'out' && this.sign < 0 ? Math.PI : 0) + turn;
    const z = level === 'raised' ? this.street.layout.kerbHeight : 0;
    return this.pen.moveTo(this.street.worldX(s, d), this.street.worldY(s, d), z, yaw);
  }
}

const START = -12;

/** What a stretch of a street is lined with. */
export type FrontageKind = 'building' | 'wall' | 'fence' | 'green' | 'hedge';

export interface Frontage {
  readonly deck: readonly FrontageKind[];
  readonly leastStoreys: number;
}

/** What lines a street, dealt without repetition so that no kind stays away for long. */
const DECKS = {
  town: ['building', 'wall', 'fence', 'building', 'building', 'fence', 'wall', 'green'],
  suburb: ['building', 'wall', 'fence', 'fence', 'wall', 'green'],
  park: ['green', 'wall', 'fence', 'fence', 'green', 'wall', 'building'],
} as const;

function buildFrontage(at: Placer, random: Random, length: number, setback: number, frontage?: Frontage): void {
  const usual = DECKS[random.pick(['town', 'suburb', 'suburb', 'park'] as const)];
  const deck: readonly FrontageKind[] = frontage?.deck ?? usual;
  const leastStoreys = frontage?.leastStoreys ?? 1;
  let cards: FrontageKind[] = [];
  let s = START - random.range(0, 10);
  while (s < length + 20) {
    if (cards.length === 0) cards = random.shuffled(deck);
    const kind = cards.pop() ?? 'building';
    const run = kind === 'building' ? random.range(9, 17) : random.range(6, 11);
    const middle = s + run / 2;
    const edge = at.side.sidewalkEnd + setback;
    if (kind === 'building') {
      const garden = random.chance(0.5) ? 0.15 : random.range(1.5, 5);
      drawBuilding(at.to(middle, edge + garden, 'out'), random, run, random.range(7, 12), leastStoreys);
    } else {
      const line = edge + random.range(0.25, 0.8);
      if (kind === 'wall') drawWall(at.to(middle, line, 'out'), random, run);
      else if (kind === 'fence') drawFence(at.to(middle, line, 'out'), random, run);
      else if (kind === 'hedge' || random.chance(0.4)) drawHedge(at.to(middle, line + 0.4, 'out'), random, run);
      // Gardens behind: a house set back, or trees.
      if (random.chance(0.45)) {
        drawBuilding(at.to(middle, edge + random.range(7, 14), 'out'), random, run, random.range(6, 10));
      } else if (random.chance(0.7)) {
        const s0 = middle + random.range(-0.3, 0.3) * run;
        drawTree(at.to(s0, edge + random.range(3, 8), 'out'), random, random.range(4.5, 9));
      }
      if (random.chance(0.5)) drawBush(at.to(middle, edge + random.range(1.7, 3), 'out'), random);
    }
    s += run + (random.chance(0.25) ? random.range(1, 4) : 0);
  }
}

function buildPosts(at: Placer, random: Random, length: number, lamps: Lamp[]): void {
  const material = poleMaterial(random);
  const line = at.side.kerb + 0.55;
  const lampHead = { height: random.range(4.6, 7.5), reach: -random.range(0.8, 2.2) };
  const spacing = random.range(11, 19);
  for (let s = START + random.range(0, spacing); s < length; s += spacing * random.range(0.9, 1.1)) {
    drawLampPost(at.to(s, line, 'out'), random, material, lampHead);
    if (random.chance(0.3)) {
      const d = at.sign * (line + lampHead.reach);
      lamps.push({ x: at.street.worldX(s, d), y: at.street.worldY(s, d), z: lampHead.height });
    }
  }
  const signPole = poleMaterial(random);
  for (let s = START + random.range(0, 9); s < length; s += random.range(7, 13)) {
    const isFacing = at.sign < 0 || random.chance(0.6);
    const turn = (isFacing ? 0 : Math.PI) + random.range(-0.25, 0.25);
    drawSignPost(at.to(s, line + random.range(-0.1, 0.25), 'along', 'raised', turn), random, signPole);
  }
  if (random.chance(0.4)) {
    for (let s = START + random.range(0, 4); s < length; s += random.range(2.5, 7)) {
      drawBollard(at.to(s, at.side.kerb + 0.35, 'out'), signPole);
    }
  }
  // Boxes people leave on a sidewalk: they belong to no class of their own and count as the pole they serve.
  const cabinet: Material = { classId: CLASS.pole, texture: TEXTURE.metal, color: hsv(0.3, 0.15, 0.5) };
  if (random.chance(0.3)) at.to(random.range(8, 40), line + 0.2, 'out').capsule(cabinet, [0, 0, 0], [0, 0, 1.2], 0.25);
}

function buildGreen(at: Placer, random: Random, length: number): void {
  const hasRailing = random.chance(0.3);
  for (let s = START + random.range(0, 20); hasRailing && s < length; s += random.range(14, 34)) {
    drawFence(at.to(s, at.side.kerb + 0.3, 'out'), random, random.range(5, 12));
  }
  const hasAvenue = random.chance(0.6);
  const line = at.side.verge > 0 ? at.side.kerb + 0.18 + at.side.verge / 2 : at.side.sidewalkEnd + 0.7;
  if (hasAvenue) {
    const size = random.range(4.5, 8);
    for (let s = START + random.range(0, 14); s < length; s += random.range(9, 22)) {
      drawTree(at.to(s, line, 'out'), random, size * random.range(0.8, 1.2));
    }
  }
  for (let s = START + random.range(0, 14); s < length; s += random.range(9, 24)) {
    drawBush(at.to(s, at.side.sidewalkEnd + random.range(0.9, 1.6), 'out'), random);
  }
}

function buildParked(at: Placer, random: Random, length: number, cars: CarSpread): void {
  if (at.side.parkingWidth === 0) return;
  const outwards = at.side.kerb - at.side.parkingWidth / 2;
  const density = random.range(0.35, 0.85);
  for (let bay = Math.ceil(START / 6.5); bay * 6.5 < length; bay++) {
    if (!random.chance(density)) continue;
    const turn = (random.chance(0.85) ? at.sign < 0 : at.sign > 0) ? 0 : Math.PI;
    const isTruck = random.chance(0.15);
    const vehicle = isTruck ? createTruck(random) : createCar(random, cars);
    const s = (bay + 0.5) * 6.5 + random.range(-0.4, 0.4);
    vehicle.draw(
      at.to(s, outwards + random.range(-0.1, 0.15), 'along', 'carriageway', turn + random.range(-0.03, 0.03)),
    );
    if (vehicle.length > 6) bay++;
  }
}
