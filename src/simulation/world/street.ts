import { Random } from '../../random/random.js';
import { CLASS } from '../classes.js';

/** One side of the street, from the kerb outwards; all in metres from the centre line. */
export interface StreetSide {
  readonly lanes: number;
  readonly parkingWidth: number;
  /** Where the carriageway ends. */
  readonly kerb: number;
  readonly verge: number;
  /** Outer edge of the sidewalk; beyond lies terrain. */
  readonly sidewalkEnd: number;
}

/** Everything of the street that is painted or paved. Lengths in metres, colours are linear albedo. */
export interface StreetLayout {
  readonly curvature: number;
  readonly laneWidth: number;
  readonly kerbHeight: number;
  readonly left: StreetSide;
  readonly right: StreetSide;
  readonly markingWidth: number;
  readonly centreLine: 'dashed' | 'solid' | 'double';
  readonly edgeLines: 'yes' | 'no';
  /** Arc length of the zebra crossings' middles. */
  readonly crossings: readonly number[];
  readonly crossingHalf: number;
  readonly asphalt: readonly [number, number, number];
  readonly paint: readonly [number, number, number];
  readonly paving: readonly [number, number, number];
  readonly slab: number;
  readonly grass: readonly [number, number, number];
  readonly dryGrass: readonly [number, number, number];
  readonly seed: number;
}

/**
 * A street of constant curvature in the world frame. Its own coordinates: `s` along the centre line, `d` to the left.
 * Constant curvature keeps both directions of the conversion closed-form, which every ground pixel needs.
 */
export class Street {
  readonly layout: StreetLayout;

  constructor(layout: StreetLayout) {
    this.layout = layout;
  }

  worldX(s: number, d: number): number {
    const turn = this.layout.curvature * s;
    return s * sinc(turn) - d * Math.sin(turn);
  }

  worldY(s: number, d: number): number {
    const turn = this.layout.curvature * s;
    return s * versinc(turn) + d * Math.cos(turn);
  }

  heading(s: number): number {
    return this.layout.curvature * s;
  }

  /** Signed distance from the centre line: (1 - |p - centre| k) / k, in the form that stays exact as k goes to 0. */
  lateral(x: number, y: number): number {
    const k = this.layout.curvature;
    const r = Math.sqrt(k * k * x * x + (1 - k * y) * (1 - k * y));
    return (2 * y - k * (x * x + y * y)) / (1 + r);
  }

  along(x: number, y: number): number {
    const k = this.layout.curvature;
    return Math.abs(k) < 1e-9 ? x : Math.atan2(k * x, 1 - k * y) / k;
  }

  /** Class of the carriageway at (s, d). Paint thinner than `footprint` metres still shows as paint. */
  carriagewayClass(s: number, d: number): number {
    const l = this.layout;
    const half = l.markingWidth / 2;
    for (const crossing of l.crossings) {
      const offset = s - crossing;
      if (Math.abs(offset) < l.crossingHalf) {
        return (((d + 50) % 1.1) + 1.1) % 1.1 < 0.55 ? CLASS.laneMarking : CLASS.road;
      }
      // Stop lines, each on the side that drives towards the crossing.
      const before = d < 0 ? -offset : offset;
      if (before > l.crossingHalf + 0.9 && before < l.crossingHalf + 1.35 && Math.abs(d) < l.laneWidth * 2) {
        return CLASS.laneMarking;
      }
    }
    const side = d >= 0 ? l.left : l.right;
    const a = Math.abs(d);
    if (l.centreLine === 'double') {
      if (Math.abs(a - 0.18) < half) return CLASS.laneMarking;
    } else if (a < half && (l.centreLine === 'solid' || dash(s, 9, 5.5))) return CLASS.laneMarking;
    const lanesEnd = side.lanes * l.laneWidth;
    if (side.lanes === 2 && Math.abs(a - l.laneWidth) < half && dash(s, 6, 3.5)) return CLASS.laneMarking;
    if (side.parkingWidth > 0) {
      if (Math.abs(a - lanesEnd) < half) return CLASS.laneMarking;
      if (a > lanesEnd && mod(s, 6.5) < l.markingWidth) return CLASS.laneMarking;
    } else if (l.edgeLines === 'yes' && Math.abs(a - (side.kerb - 0.45)) < half) return CLASS.laneMarking;
    if (arrow(s, a, l)) return CLASS.laneMarking;
    return CLASS.road;
  }

  /** Class of the raised ground beyond the kerb. */
  raisedClass(d: number): number {
    const side = d >= 0 ? this.layout.left : this.layout.right;
    const a = Math.abs(d);
    if (a < side.kerb + 0.18) return CLASS.sidewalk;
    if (a < side.kerb + 0.18 + side.verge) return CLASS.terrain;
    return a < side.sidewalkEnd ? CLASS.sidewalk : CLASS.terrain;
  }
}

export function createStreet(seed: number | string, length: number): Street {
  const random = new Random(seed, 'street');
  // A turn of at most 0.9 rad over the whole street, so that it never meets itself.
  const limit = Math.min(1 / 120, 0.9 / length);
  const laneWidth = random.range(2.9, 3.6);
  const side = (): StreetSide => {
    const lanes = random.chance(0.25) ? 2 : 1;
    const parkingWidth = random.chance(0.3) ? random.range(2.0, 2.4) : 0;
    const kerb = lanes * laneWidth + parkingWidth + (parkingWidth > 0 ? 0 : random.range(0.5, 1.1));
    const verge = random.chance(0.5) ? random.range(1, 2.6) : 0;
    return { lanes, parkingWidth, kerb, verge, sidewalkEnd: kerb + 0.18 + verge + random.range(1.8, 3.6) };
  };
  const crossings: number[] = [];
  for (let s = random.range(2, 45); s < length; s += random.range(24, 60)) crossings.push(s);
  const gray = random.range(0.05, 0.17);
  const tint = random.range(-0.12, 0.12);
  const yellow = random.chance(0.15);
  const wear = random.range(0.5, 0.8);
  const paving = random.range(0.16, 0.42);
  const red = random.chance(0.35) ? random.range(0.1, 0.5) : random.range(-0.05, 0.08);
  const lush = random.range(0.6, 1.2);
  return new Street({
    curvature: random.range(-limit, limit) * (random.chance(0.25) ? 0.1 : 1),
    laneWidth,
    kerbHeight: random.range(0.11, 0.2),
    left: side(),
    right: side(),
    markingWidth: random.range(0.16, 0.26),
    centreLine: random.pick(['dashed', 'solid', 'double'] as const),
    edgeLines: random.chance(0.8) ? 'yes' : 'no',
    crossings,
    crossingHalf: random.range(1.4, 2.2),
    asphalt: [gray * (1 + tint), gray, gray * (1 - tint)],
    paint: yellow ? [wear, wear * 0.72, wear * 0.12] : [wear, wear, wear * 0.95],
    paving: [paving * (1 + red), paving, paving * (1 - 0.6 * red)],
    slab: random.pick([0.4, 0.6, 1, 2.5]),
    grass: [0.06 * lush, 0.13 * lush, 0.03 * lush],
    dryGrass: random.pick([
      [0.22, 0.19, 0.08],
      [0.16, 0.12, 0.07],
      [0.1, 0.17, 0.05],
    ] as const),
    seed: random.uint32() & 0xffff,
  });
}

function arrow(s: number, a: number, l: StreetLayout): boolean {
  // One arrow every 40 m in the middle of the inner lane: a shaft and a head.
  const along = mod(s + l.seed, 40) - 20;
  const across = Math.abs(a - l.laneWidth / 2);
  if (along < 0 || along > 4) return false;
  return along < 2.4 ? across < 0.12 : across < (4 - along) * 0.38;
}

function dash(s: number, period: number, painted: number): boolean {
  return mod(s, period) < painted;
}

function mod(value: number, period: number): number {
  return value - Math.floor(value / period) * period;
}

/** sin(x) / x. */
function sinc(x: number): number {
  return Math.abs(x) < 1e-4 ? 1 - (x * x) / 6 : Math.sin(x) / x;
}

/** (1 - cos(x)) / x. */
function versinc(x: number): number {
  return Math.abs(x) < 1e-4 ? x / 2 : (1 - Math.cos(x)) / x;
}
