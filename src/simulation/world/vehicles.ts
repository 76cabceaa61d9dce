import type { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';
import { type Material, type Pen, TEXTURE } from '../primitives.js';
import { hsv, paint } from './palette.js';

/** A vehicle's measures and materials; its origin lies on the ground below its middle, x forward. */
export interface Vehicle {
  readonly length: number;
  readonly width: number;
  draw(pen: Pen): void;
}

const GLASS = [0.02, 0.025, 0.03] as const;

/** How far cars differ from the mean of their style: as in plain scenes, or from the smallest to the largest there are. */
export type CarSpread = 'plain' | 'wide';

export function createCar(random: Random, spread: CarSpread = 'plain'): Vehicle {
  const style = random.pick(['sedan', 'hatchback', 'suv', 'van'] as const);
  const isWide = spread === 'wide';
  const stretch = isWide ? random.range(0.86, 1.14) : 1;
  const rise = isWide ? random.range(0.92, 1.16) : 1;
  const length = { sedan: 4.6, hatchback: 3.9, suv: 4.6, van: 4.9 }[style] * random.range(0.95, 1.06) * stretch;
  const width = { sedan: 1.78, hatchback: 1.72, suv: 1.88, van: 1.92 }[style] * random.range(0.97, 1.03);
  const height = { sedan: 1.45, hatchback: 1.5, suv: 1.72, van: 2.0 }[style] * random.range(0.97, 1.04) * rise;
  const clearance = (style === 'suv' ? 0.3 : 0.22) * (isWide ? random.range(0.7, 1.2) : 1);
  const belt = height * (style === 'van' ? 0.52 : 0.6) * (isWide ? random.range(0.92, 1.1) : 1);
  const wheel = isWide ? random.range(0.28, 0.38) : 0.33;
  // Nose and tail: from upright to sloped.
  const [nose, tail] = isWide ? [random.range(0.04, 0.4), random.range(0.02, 0.3)] : [0.12, 0.08];
  const cabin = {
    sedan: { front: 0.18, rear: -0.36, topFront: 0.02, topRear: -0.24 },
    hatchback: { front: 0.24, rear: -0.48, topFront: 0.06, topRear: -0.42 },
    suv: { front: 0.2, rear: -0.48, topFront: 0.06, topRear: -0.44 },
    van: { front: 0.4, rear: -0.49, topFront: 0.24, topRear: -0.48 },
  }[style];
  const body: Material = {
    classId: CLASS.car,
    texture: TEXTURE.paint,
    color: paint(random),
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.15, 0.7),
  };
  const glass: Material = { ...body, texture: TEXTURE.glasshouse, secondColor: GLASS, reflectivity: 0.1 };
  return {
    length,
    width,
    draw(pen) {
      const bodyHalf = (belt - clearance) / 2;
      pen.frustum(body, [0, 0, clearance + bodyHalf], [length / 2, width / 2, bodyHalf], {
        front: length / 2 - nose,
        rear: -length / 2 + tail,
        half: width / 2 - 0.06,
      });
      const middle = ((cabin.front + cabin.rear) / 2) * length;
      const half = ((cabin.front - cabin.rear) / 2) * length;
      const top = { front: cabin.topFront * length - middle, rear: cabin.topRear * length - middle };
      pen.frustum(glass, [middle, 0, (belt + height) / 2], [half, width / 2 - 0.07, (height - belt) / 2], {
        ...top,
        half: width / 2 - 0.22,
      });
      drawWheels(pen, CLASS.car, [0.31 * length, -0.31 * length], width / 2 - 0.06, wheel);
      drawLights(pen, CLASS.car, length / 2 - (isWide ? 0.6 * nose : 0), width / 2 - 0.28, belt - 0.22);
    },
  };
}

export function createTruck(random: Random): Vehicle {
  const length = random.range(6, 9.5);
  const width = random.range(2.25, 2.55);
  const height = random.range(2.9, 3.8);
  const cabLength = random.range(1.7, 2.2);
  const cabHeight = random.range(2.3, 2.9);
  const isFlatbed = random.chance(0.25);
  const cab: Material = {
    classId: CLASS.truck,
    texture: TEXTURE.paint,
    color: paint(random),
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.2, 0.7),
  };
  const cargo: Material = {
    classId: CLASS.truck,
    texture: TEXTURE.cargo,
    color: random.chance(0.5) ? hsv(0.1, 0.03, 0.9) : paint(random),
    secondColor: paint(random),
    seed: random.uint32() & 0xffff,
    reflectivity: random.range(0.3, 0.8),
  };
  const frame: Material = { classId: CLASS.truck, texture: TEXTURE.plain, color: [0.03, 0.03, 0.03] };
  return {
    length,
    width,
    draw(pen) {
      const front = length / 2;
      pen.box(frame, 0, 0, 0.75, front - 0.05, width / 2 - 0.2, 0.18);
      const lower = 1.45;
      pen.box(cab, front - cabLength / 2, 0, (0.45 + lower) / 2, cabLength / 2, width / 2 - 0.08, (lower - 0.45) / 2);
      pen.frustum(
        { ...cab, texture: TEXTURE.glasshouse, secondColor: GLASS },
        [front - cabLength / 2, 0, (lower + cabHeight) / 2],
        [cabLength / 2, width / 2 - 0.08, (cabHeight - lower) / 2],
        { front: cabLength / 2 - 0.3, rear: -cabLength / 2, half: width / 2 - 0.14 },
      );
      const rear = -front;
      const cargoHalf = (front - cabLength - 0.2 - rear) / 2;
      const cargoTop = isFlatbed ? 1.7 : height;
      pen.box(cargo, rear + cargoHalf, 0, (0.95 + cargoTop) / 2, cargoHalf, width / 2, (cargoTop - 0.95) / 2);
      if (isFlatbed) {
        const load: Material = { ...cargo, texture: TEXTURE.plain, color: cargo.secondColor ?? cargo.color };
        pen.box(load, rear + cargoHalf, 0, 2.0, 0.7 * cargoHalf, 0.36 * width, 0.5);
      }
      const axles = [front - 1.1, rear + 1.2, ...(length > 7.5 ? [rear + 2.4] : [])];
      drawWheels(pen, CLASS.truck, axles, width / 2 - 0.12, 0.48);
      drawLights(pen, CLASS.truck, front, width / 2 - 0.3, 0.8);
    },
  };
}

function drawWheels(pen: Pen, classId: number, axles: readonly number[], side: number, radius: number): void {
  const tyre: Material = {
    classId,
    texture: TEXTURE.wheel,
    color: [0.02, 0.02, 0.02],
    secondColor: [0.3, 0.3, 0.32],
    reflectivity: 0.08,
  };
  for (const x of axles) {
    for (const y of [side, -side]) pen.ellipsoid(tyre, x, y, radius, radius, 0.16, radius);
  }
}

/** Small lamps, white in front and red behind; strong by night, hardly seen by day. */
function drawLights(pen: Pen, classId: number, front: number, side: number, height: number): void {
  const lamp = { classId, texture: TEXTURE.lamp, reflectivity: 0.9 } as const;
  const head: Material = { ...lamp, color: [0.8, 0.8, 0.78], emission: 0.5 };
  const tail: Material = { ...lamp, color: [0.5, 0.01, 0.01], emission: 0.12 };
  for (const y of [side, -side]) {
    pen.ellipsoid(head, front - 0.03, y, height, 0.08, 0.16, 0.09);
    pen.ellipsoid(tail, -front + 0.03, y, height, 0.08, 0.16, 0.09);
  }
}
