/**
 * Small seeded generator (sfc32, Chris Doty-Humphrey, PractRand), so that a seed gives the same world on every machine.
 *
 * Streams are derived by name: `new Random(seed, 'trees', 3)` is independent of `new Random(seed, 'cars', 3)`, so the
 * order in which parts of the world are built or frames are rendered never changes what they look like.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(...seed: readonly (number | string)[]) {
    let hash = fnv1a(seed.join('/'));
    const word = () => {
      hash = (hash + 0x9e3779b9) | 0;
      return scramble(hash);
    };
    this.#a = word();
    this.#b = word();
    this.#c = word();
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** Uniform in 0 .. 2^32 - 1. */
  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.uint32() / 4294967296;
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Uniform integer, both ends included. */
  integer(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.next());
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new Error('Expected at least one item to pick from but received none.');
    return item;
  }

  /** The items in random order (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }

  /** Standard normal (Box-Muller, the cosine branch only). */
  gaussian(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}

/** Avalanche of a 32-bit word ("lowbias32", Chris Wellons). */
export function scramble(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Uniform in [0, 1) from integer cell coordinates: the same cell always gives the same number. */
export function cellHash(x: number, y: number, seed: number): number {
  return scramble(Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1)) / 4294967296;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
