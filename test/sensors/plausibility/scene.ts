import { Random } from '../../../src/random/random.js';
import type { ModalityImage } from '../../../src/sensors/index.js';

const WIDTH = 320;
const HEIGHT = 192;
/** Columns of a world that is driven along. */
const LENGTH = 4000;

/** Houses along a street, each of its own brightness and distance: outlines are all that sensors have in common. */
export class Street {
  readonly #houses: { left: number; right: number; top: number; levels: ReadonlyMap<string, number> }[] = [];

  constructor(modalities: readonly string[], seed = 1) {
    const random = new Random(seed, 'street');
    for (let left = 0; left < LENGTH; ) {
      const right = left + random.integer(10, 40);
      const levels = new Map(modalities.map((name) => [name, random.integer(30, 220)]));
      this.#houses.push({ left, right, top: random.integer(10, 120), levels });
      left = right;
    }
  }

  /** What a sensor sees at a place of the street, moved right and down by what its mount is off. */
  image(modality: string, place: number, { right = 0, down = 0, noise = 0 } = {}): ModalityImage {
    const random = new Random(place, modality);
    const data = new Uint8Array(3 * WIDTH * HEIGHT);
    for (let x = 0; x < WIDTH; x++) {
      const house = this.#at(place + x - right);
      const level = house.levels.get(modality)!;
      for (let y = 0; y < HEIGHT; y++) {
        const value = (y - down < house.top ? 20 : level) + (noise === 0 ? 0 : noise * random.gaussian());
        data.fill(Math.min(255, Math.max(1, value)), 3 * (y * WIDTH + x), 3 * (y * WIDTH + x) + 3);
      }
    }
    return { modality, width: WIDTH, height: HEIGHT, stamp: 0n, data, quality: { kind: 'good' } };
  }

  #at(column: number) {
    let [low, high] = [0, this.#houses.length - 1];
    const wanted = ((column % LENGTH) + LENGTH) % LENGTH;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#houses[middle]!.right <= wanted) low = middle + 1;
      else high = middle;
    }
    return this.#houses[low]!;
  }
}

/** The upper part of one image over the rest of another. */
export function patched(image: ModalityImage, upper: ModalityImage, share: number): ModalityImage {
  const data = image.data.slice();
  data.set(upper.data.subarray(0, 3 * WIDTH * Math.round(share * HEIGHT)));
  return { ...image, data };
}
