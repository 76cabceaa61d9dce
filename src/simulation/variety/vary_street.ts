import { Random } from '../../random/random.js';
import { Street, type StreetLayout } from '../world/street.js';

type Rgb = readonly [number, number, number];

/** The same street with other surfaces: asphalt from fresh black to bleached concrete, paving, paint, grass. */
export function varyStreet(street: Street, seed: number): Street {
  const random = new Random(seed, 'ground of a look');
  const asphalt = Math.exp(random.range(Math.log(0.03), Math.log(0.34)));
  const paving = Math.exp(random.range(Math.log(0.08), Math.log(0.55)));
  const lush = Math.exp(random.range(-0.8, 0.5));
  const paint = random.range(0.35, 0.9);
  const isYellow = random.chance(0.12);
  const layout: StreetLayout = {
    ...street.layout,
    kerbHeight: random.range(0.06, 0.22),
    markingWidth: random.range(0.12, 0.3),
    asphalt: tinted(random, asphalt, 0.13),
    paving: tinted(random, paving, random.chance(0.3) ? 0.35 : 0.1),
    paint: isYellow ? [paint, 0.7 * paint, 0.12 * paint] : [paint, paint, paint * random.range(0.85, 1)],
    grass: [0.07 * lush * random.range(0.6, 1.7), 0.12 * lush, 0.03 * lush * random.range(0.6, 2)],
    dryGrass: tinted(random, random.range(0.07, 0.3), 0.35),
  };
  return new Street(layout);
}

/** Around a gray, towards brown or red by `spread`, seldom towards blue. */
function tinted(random: Random, gray: number, spread: number): Rgb {
  const warm = spread * (random.next() * 1.3 - 0.3);
  return [gray * (1 + warm), gray, gray * (1 - 0.8 * warm)];
}
