import { Random } from '../random/random.js';

export const CONDITIONS = ['cloud', 'fog', 'night', 'rain', 'sun'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Sensor failures, named as in DELIVER. */
export const FAILURES = ['motionblur', 'overexposure', 'underexposure', 'lidarjitter', 'eventlowres'] as const;
export type Failure = (typeof FAILURES)[number];

/**
 * What a condition does to light, air and ground. Radiances are relative: a white sheet under a cloudy sky has 1.
 * `extinction` is Koschmieder's coefficient (1/m): contrast falls with exp(-extinction * distance).
 */
export interface Weather {
  readonly condition: Condition;
  readonly ambient: readonly [number, number, number];
  readonly sun: readonly [number, number, number];
  /** Unit vector towards the sun, world frame. */
  readonly sunDirection: readonly [number, number, number];
  readonly skyZenith: readonly [number, number, number];
  readonly skyHorizon: readonly [number, number, number];
  /** 0 = no clouds to see, 1 = strong ones. */
  readonly cloudContrast: number;
  readonly extinction: number;
  /** Colour distant things fade to. */
  readonly airlight: readonly [number, number, number];
  /** 0 dry .. 1 wet: darker ground that mirrors. */
  readonly wetness: number;
  /** 0 none .. 1 heavy. */
  readonly rain: number;
  /** Radiance the own headlights add at 10 m on a white sheet; 0 = off. */
  readonly headlights: number;
  readonly streetLamps: 'on' | 'off';
  readonly seed: number;
}

/** Weather of one kind, its details (sun position, density of fog, ...) drawn from the seed. */
export function createWeather(condition: Condition, seed: number | string): Weather {
  const random = new Random(seed, 'weather', condition);
  const elevation = random.range(0.28, 1.0);
  const azimuth = random.range(-Math.PI, Math.PI);
  const overcast = {
    condition,
    sunDirection: [
      Math.cos(elevation) * Math.cos(azimuth),
      Math.cos(elevation) * Math.sin(azimuth),
      Math.sin(elevation),
    ] as const,
    sun: [0, 0, 0] as const,
    cloudContrast: 0,
    extinction: 0.0015,
    wetness: 0,
    rain: 0,
    headlights: 0,
    streetLamps: 'off' as const,
    seed: random.uint32(),
  };
  switch (condition) {
    case 'sun': {
      const warm = 1 - Math.min(1, elevation / 0.7);
      const strength = random.range(2.0, 2.8);
      const zenith = random.range(0.75, 1.15);
      return {
        ...overcast,
        sun: [strength, strength * (0.96 - 0.18 * warm), strength * (0.9 - 0.38 * warm)],
        ambient: [0.4, 0.46, 0.58],
        skyZenith: [0.22 * zenith, 0.42 * zenith, 0.95 * zenith],
        skyHorizon: [0.85, 0.97, 1.15],
        cloudContrast: random.range(0, 0.9),
        airlight: [0.8, 0.9, 1.05],
      };
    }
    case 'cloud': {
      const level = random.range(0.75, 1.15);
      const tint = random.range(-0.04, 0.05);
      return {
        ...overcast,
        ambient: [level * (0.95 - tint), level * 0.97, level * (1 + tint)],
        skyZenith: [0.75 * level, 0.8 * level, 0.88 * level],
        skyHorizon: [1.05 * level, 1.07 * level, 1.1 * level],
        cloudContrast: random.range(0.15, 0.6),
        extinction: 0.003,
        airlight: [0.95 * level, 0.97 * level, level],
      };
    }
    case 'fog': {
      const level = random.range(0.6, 0.95);
      // Meteorological visibility (5 % contrast left) is 3 / extinction: 35 to 90 m.
      const extinction = 3 / random.range(35, 90);
      const air: [number, number, number] = [0.93 * level, 0.96 * level, level];
      return {
        ...overcast,
        ambient: [0.9 * level, 0.92 * level, 0.95 * level],
        skyZenith: air,
        skyHorizon: air,
        extinction,
        airlight: air,
        wetness: 0.2,
      };
    }
    case 'rain': {
      const level = random.range(0.35, 0.6);
      return {
        ...overcast,
        ambient: [0.92 * level, 0.97 * level, 1.02 * level],
        skyZenith: [0.6 * level, 0.65 * level, 0.72 * level],
        skyHorizon: [0.95 * level, level, 1.04 * level],
        cloudContrast: random.range(0.2, 0.5),
        extinction: random.range(0.008, 0.018),
        airlight: [0.85 * level, 0.9 * level, 0.95 * level],
        wetness: random.range(0.6, 1),
        rain: random.range(0.5, 1),
      };
    }
    case 'night': {
      const level = random.range(0.0003, 0.0008);
      return {
        ...overcast,
        ambient: [0.9 * level, 0.95 * level, 1.25 * level],
        skyZenith: [0.7 * level, 0.8 * level, 1.3 * level],
        skyHorizon: [2.2 * level, 1.9 * level, 1.7 * level],
        extinction: 0.002,
        airlight: [level, level, level],
        headlights: random.range(0.03, 0.06),
        streetLamps: 'on',
      };
    }
  }
}
