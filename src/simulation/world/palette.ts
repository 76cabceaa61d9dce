import type { Random } from '../../random/random.js';

export type Color = readonly [red: number, green: number, blue: number];

/** Linear albedo from hue, saturation and value, all 0..1. */
export function hsv(hue: number, saturation: number, value: number): Color {
  const channel = (offset: number) => {
    const k = (offset + 6 * hue) % 6;
    const v = value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
    return v ** 2.2;
  };
  return [channel(5), channel(3), channel(1)];
}

export function scaled(color: Color, factor: number): Color {
  return [color[0] * factor, color[1] * factor, color[2] * factor];
}

/** Colours buildings have: plaster, brick, concrete. */
export function masonry(random: Random): Color {
  if (random.chance(0.3)) return hsv(random.range(0.0, 0.06), random.range(0.35, 0.6), random.range(0.35, 0.65));
  if (random.chance(0.35)) return hsv(random.range(0.5, 0.65), random.range(0, 0.2), random.range(0.4, 0.9));
  return hsv(random.range(0.06, 0.16), random.range(0.05, 0.4), random.range(0.5, 0.95));
}

/** Vehicle paint: mostly gray, white and black, a third of them coloured. */
export function paint(random: Random): Color {
  if (random.chance(0.55)) return hsv(0.6, random.range(0, 0.08), random.pick([0.12, 0.25, 0.45, 0.65, 0.9, 0.95]));
  return hsv(random.next(), random.range(0.5, 0.9), random.range(0.3, 0.9));
}

export function cloth(random: Random): Color {
  return hsv(random.next(), random.range(0, 0.8), random.range(0.15, 0.95));
}

export function skin(random: Random): Color {
  return hsv(random.range(0.04, 0.08), random.range(0.3, 0.55), random.range(0.35, 0.92));
}

export function leaves(random: Random): Color {
  if (random.chance(0.15)) return hsv(random.range(0.05, 0.14), random.range(0.6, 0.85), random.range(0.4, 0.65));
  return hsv(random.range(0.2, 0.36), random.range(0.4, 0.75), random.range(0.28, 0.55));
}
