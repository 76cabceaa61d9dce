import { Random } from '../random/random.js';

const SIDE = 256;
const MASK = SIDE - 1;
const LATTICE = new Float32Array(SIDE * SIDE);
{
  const random = new Random('value noise lattice');
  for (let i = 0; i < LATTICE.length; i++) LATTICE[i] = random.next();
}

/** Value noise in [0, 1] with features about one unit wide; repeats every 256 units. */
export function valueNoise(x: number, y: number): number {
  const xi = Math.floor(x);
  const yi = Math.floor(y);
  const fx = x - xi;
  const fy = y - yi;
  const u = fx * fx * (3 - 2 * fx);
  const v = fy * fy * (3 - 2 * fy);
  const row0 = (yi & MASK) * SIDE;
  const row1 = ((yi + 1) & MASK) * SIDE;
  const c0 = xi & MASK;
  const c1 = (xi + 1) & MASK;
  const top = LATTICE[row0 + c0]! + u * (LATTICE[row0 + c1]! - LATTICE[row0 + c0]!);
  const bottom = LATTICE[row1 + c0]! + u * (LATTICE[row1 + c1]! - LATTICE[row1 + c0]!);
  return top + v * (bottom - top);
}

const GAUSSIAN_COUNT = 1 << 16;
const GAUSSIANS = new Float32Array(GAUSSIAN_COUNT);
{
  const random = new Random('gaussian table');
  for (let i = 0; i < GAUSSIAN_COUNT; i++) GAUSSIANS[i] = random.gaussian();
}

/** Stream of standard normals out of a table: per-pixel sensor noise at the price of one multiplication. */
export class GaussianStream {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  next(): number {
    // Numerical Recipes' linear congruential step; its high bits, the good ones, choose the entry.
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) | 0;
    return GAUSSIANS[this.#state >>> 16]!;
  }

  /** Uniform in [0, 1), from the same stream. */
  uniform(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) | 0;
    return (this.#state >>> 8) / 16777216;
  }
}
