import { Random } from '../../random/random.js';
import type { Weather } from '../conditions.js';

type Rgb = readonly [number, number, number];

/**
 * The weather of a `wide` scene: sun height and colour, sky, haze, rain and wetness vary continuously between the fixed
 * conditions. The condition keeps its name and its kind of light.
 */
export function varyWeather(plain: Weather, seed: number): Weather {
  const random = new Random(seed, 'weather of a look');
  const level = Math.exp(random.range(-0.45, 0.45));
  const tint = tintOf(random, 0.12);
  const haze = random.chance(0.35) ? random.range(0.002, 0.02) : 0;
  const isWet = random.chance(0.3);
  const varied: Weather = {
    ...plain,
    ambient: times(plain.ambient, level, tint),
    skyZenith: times(plain.skyZenith, level * Math.exp(random.range(-0.5, 0.4)), tintOf(random, 0.15)),
    skyHorizon: times(plain.skyHorizon, level * Math.exp(random.range(-0.3, 0.3)), tint),
    airlight: times(plain.airlight, level, tint),
    cloudContrast: random.range(0, 1),
    extinction: plain.extinction + haze,
    wetness: Math.max(plain.wetness, isWet ? random.range(0.1, 1) : 0),
  };
  switch (plain.condition) {
    case 'sun':
      return { ...varied, ...sunlight(random, plain), wetness: isWet ? varied.wetness * 0.6 : 0 };
    case 'cloud':
      // Drizzle, and mist too thin to be called fog.
      return { ...varied, rain: random.chance(0.25) ? random.range(0.05, 0.4) : 0 };
    case 'fog': {
      const air = times([0.95, 0.97, 1], level * random.range(0.5, 0.95), tintOf(random, 0.06));
      const extinction = 3 / Math.exp(random.range(Math.log(28), Math.log(220)));
      return { ...varied, airlight: air, skyZenith: air, skyHorizon: air, cloudContrast: 0, extinction };
    }
    case 'rain':
      return { ...varied, rain: random.range(0.15, 1), extinction: random.range(0.003, 0.025) };
    case 'night':
      return { ...varied, ...darkness(random, isWet) };
  }
}

function sunlight(random: Random, plain: Weather): Partial<Weather> {
  const elevation = random.range(0.1, 1.2);
  const azimuth = random.range(-Math.PI, Math.PI);
  const low = 1 - Math.min(1, elevation / 0.6);
  const strength = random.range(1.2, 3.2);
  // The sky's own light fills the shadows: more of it in hazy air.
  const fill = random.range(0.6, 1.7);
  return {
    sunDirection: [
      Math.cos(elevation) * Math.cos(azimuth),
      Math.cos(elevation) * Math.sin(azimuth),
      Math.sin(elevation),
    ],
    sun: [strength, strength * (0.97 - 0.25 * low), strength * (0.92 - 0.5 * low)],
    ambient: times(plain.ambient, fill, tintOf(random, 0.1)),
  };
}

/** From the last of the dusk to a night without a moon, in haze or rain as well. */
function darkness(random: Random, isWet: boolean): Partial<Weather> {
  const level = Math.exp(random.range(Math.log(0.0003), Math.log(0.012)));
  const sky = times([0.8, 0.85, 1.2], level, tintOf(random, 0.25));
  return {
    ambient: times([0.9, 0.95, 1.2], level, tintOf(random, 0.12)),
    skyZenith: sky,
    // Towns light their own haze from below.
    skyHorizon: times(sky, random.range(1, 4), tintOf(random, 0.2)),
    airlight: times([1, 1, 1], level, tintOf(random, 0.1)),
    extinction: random.range(0.001, 0.012),
    headlights: random.range(0.015, 0.09),
    rain: isWet && random.chance(0.6) ? random.range(0.1, 0.7) : 0,
  };
}

function tintOf(random: Random, spread: number): Rgb {
  const warm = spread * random.gaussian();
  return [Math.exp(warm), 1, Math.exp(-warm)];
}

function times(color: Rgb, factor: number, tint: Rgb): Rgb {
  return [color[0] * factor * tint[0], color[1] * factor * tint[1], color[2] * factor * tint[2]];
}
