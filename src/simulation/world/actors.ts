import { Random } from '../../random/random.js';
import type { Pen } from '../primitives.js';
import { createCyclist, createPerson } from './people.js';
import type { Street, StreetSide } from './street.js';
import { type CarSpread, createCar, createTruck } from './vehicles.js';

/** Something that moves along or across the street. */
export interface Actor {
  /** Arc length and lateral position (m) and direction relative to the street's (radians) at a time in seconds. */
  at(time: number): { readonly s: number; readonly d: number; readonly turn: number };
  /** @param travelled - way since time 0 in metres, for gaits */
  draw(pen: Pen, travelled: number): void;
  readonly speed: number;
}

export interface EgoMotion {
  readonly speed: number;
  readonly start: number;
  readonly lateral: number;
}

/** All who move, for a drive of `seconds` along `length` metres of street. */
export function createActors(
  street: Street,
  ego: EgoMotion,
  seed: number | string,
  seconds: number,
  spread: CarSpread = 'plain',
): Actor[] {
  const length = ego.start + ego.speed * seconds + 110;
  return [
    ...createTraffic(street, ego, new Random(seed, 'traffic'), seconds, length, spread),
    ...createWalkers(street, new Random(seed, 'walkers'), length),
    ...createCrossers(street, ego, new Random(seed, 'crossers'), length),
    ...createCyclists(street, ego, new Random(seed, 'cyclists'), seconds, length),
  ];
}

function createTraffic(
  street: Street,
  ego: EgoMotion,
  random: Random,
  seconds: number,
  length: number,
  spread: CarSpread,
): Actor[] {
  const actors: Actor[] = [];
  const { laneWidth, left, right } = street.layout;
  const vehicle = (s0: number, d: number, velocity: number, sway: number) => {
    const body = random.chance(0.27) ? createTruck(random) : createCar(random, spread);
    const phase = random.range(0, 6.28);
    actors.push({
      at: (time) => ({
        s: s0 + velocity * time + sway * Math.sin(0.5 * time + phase),
        d,
        turn: velocity < 0 ? Math.PI : 0,
      }),
      draw: (pen) => body.draw(pen),
      speed: Math.abs(velocity),
    });
  };
  // Ahead in the own lane at the own speed, so that nobody is ever run into; the gap breathes by a metre.
  const [gap, spacing] = spread === 'wide' ? [7.5, 10] : [11, 18];
  let ahead = ego.start + random.range(gap, 40);
  while (ahead < ego.start + 110) {
    vehicle(ahead, ego.lateral + random.range(-0.15, 0.15), ego.speed, 1);
    ahead += random.range(spacing, 50);
  }
  for (let lane = 1; lane < right.lanes; lane++) {
    for (let s = random.range(-8, 20); s < 110; s += random.range(14, 40)) {
      vehicle(ego.start + s, -(lane + 0.5) * laneWidth, ego.speed * 0.93, 0);
    }
  }
  for (let lane = 0; lane < left.lanes; lane++) {
    const speed = random.range(7, 13);
    for (let s = random.range(2, 22); s < length + speed * seconds; s += random.range(13, 36)) {
      vehicle(s, (lane + 0.5) * laneWidth, -speed, 0);
    }
  }
  return actors;
}

function createWalkers(street: Street, random: Random, length: number): Actor[] {
  const actors: Actor[] = [];
  for (const [side, sign] of [[street.layout.left, 1] as const, [street.layout.right, -1] as const]) {
    const spacing = random.range(2.5, 9);
    for (let s = -10 + random.range(0, spacing); s < length; s += random.range(0.4, 1.6) * spacing) {
      const group = random.chance(0.25) ? 2 : 1;
      const direction = random.chance(0.5) ? 1 : -1;
      const speed = random.chance(0.15) ? 0 : random.range(0.9, 1.7);
      for (let member = 0; member < group; member++) {
        const person = createPerson(random);
        const inner = side.kerb + 0.18 + side.verge + 0.75;
        const d = sign * Math.min(side.sidewalkEnd - 0.3, random.range(inner, side.sidewalkEnd - 0.3) + 0.6 * member);
        const s0 = s + 0.3 * member;
        actors.push(walker(person, s0, d, direction * speed));
      }
    }
  }
  return actors;
}

function walker(person: ReturnType<typeof createPerson>, s0: number, d: number, velocity: number): Actor {
  return {
    at: (time) => ({ s: s0 + velocity * time, d, turn: velocity < 0 ? Math.PI : 0 }),
    draw: (pen, travelled) => person.draw(pen, 4.2 * travelled + s0),
    speed: Math.abs(velocity),
  };
}

/** People crossing the street, timed so that they have left the own lane one second before it is driven through. */
function createCrossers(street: Street, ego: EgoMotion, random: Random, length: number): Actor[] {
  const actors: Actor[] = [];
  const { layout } = street;
  const cross = (s: number) => {
    const person = createPerson(random);
    const speed = random.range(1.1, 1.7);
    const direction = random.chance(0.5) ? 1 : -1;
    const arrival = (s - ego.start) / ego.speed;
    const clear = ego.lateral + direction * (1.9 + random.range(0, 3));
    const from = direction > 0 ? -(layout.right.sidewalkEnd - 0.8) : layout.left.sidewalkEnd - 0.8;
    const to = direction > 0 ? layout.left.sidewalkEnd - 0.8 : -(layout.right.sidewalkEnd - 0.8);
    actors.push({
      at: (time) => {
        const d = clear + direction * speed * (time - arrival + 1);
        const clamped = Math.min(Math.max(d, Math.min(from, to)), Math.max(from, to));
        return { s, d: clamped, turn: (direction * Math.PI) / 2 };
      },
      draw: (pen, travelled) => person.draw(pen, 4.2 * travelled + s),
      speed,
    });
  };
  for (const crossing of layout.crossings) {
    const count = random.integer(0, 3);
    for (let i = 0; i < count; i++) cross(crossing + random.range(-0.8, 0.8) * layout.crossingHalf);
  }
  for (let s = 8 + random.range(0, 25); s < length; s += random.range(12, 45)) cross(s);
  return actors;
}

function createCyclists(street: Street, ego: EgoMotion, random: Random, seconds: number, length: number): Actor[] {
  const actors: Actor[] = [];
  const { laneWidth, left, right } = street.layout;
  const edge = (side: StreetSide) => (side.parkingWidth > 0 ? side.lanes * laneWidth - 0.45 : side.kerb - 0.55);
  const ride = (s0: number, d: number, velocity: number) => {
    const cyclist = createCyclist(random);
    actors.push({
      at: (time) => ({ s: s0 + velocity * time, d, turn: velocity < 0 ? Math.PI : 0 }),
      draw: (pen, travelled) => cyclist.draw(pen, 1.6 * travelled + s0),
      speed: Math.abs(velocity),
    });
  };
  const own = random.range(6, 15);
  for (let s = 3 + random.range(0, own); s < length; s += own * random.range(0.5, 1.5)) {
    ride(ego.start + s, -edge(right) + random.range(-0.15, 0.15), random.range(3.5, 6.5));
  }
  const oncoming = random.range(7, 18);
  for (let s = random.range(0, oncoming); s < length + 6 * seconds; s += oncoming * random.range(0.5, 1.5)) {
    ride(s, edge(left) + random.range(-0.15, 0.15), -random.range(3.5, 6));
  }
  return actors;
}
