import {
  APPLIES_TO,
  type FaultBinding,
  type FaultKind,
  type Scenario,
  scenarioSchema,
} from '../../../src/faults/index.js';
import type { Random } from '../../../src/random/random.js';

/** When faults of a storm may be in force, in seconds. */
export const STORM = { from: 0.4, until: 1.8 };
/** Messages and content may be held back by so much, so that what a fault does is over so long after it. */
export const LONGEST_DELAY_SECONDS = 0.6;

const MOST_FAULTS = 4;
const ENDLESS_SHARE = 0.15;
const FLICKER_SHARE = 0.2;
const ALL_SHARE = 0.1;

const sign = (random: Random) => (random.chance(0.5) ? 1 : -1);
const longestDelayMs = 1000 * LONGEST_DELAY_SECONDS;

/** Parameters of each kind of fault, over the range in which it does something and the storm still ends. */
const PARAMETERS: Readonly<Record<FaultKind, (random: Random) => Record<string, unknown>>> = {
  drop: () => ({}),
  decimate: (random) => ({ keepEvery: random.integer(2, 10) }),
  'burst-loss': (random) => ({ lossShare: random.range(0.1, 0.9), burstLength: random.range(1, 10) }),
  freeze: (random) => ({ stamps: random.pick(['fresh', 'stuck']) }),
  delay: (random) => ({ byMs: random.range(10, longestDelayMs) }),
  jitter: (random) => ({ byMs: random.range(5, 300), of: random.pick(['arrival', 'stamp']) }),
  'stamp-offset': (random) => ({ offsetMs: sign(random) * 10 ** random.range(1, 4.7) }),
  'stamp-drift': (random) => ({ msPerSecond: sign(random) * 10 ** random.range(0, 3) }),
  'stale-content': (random) => ({ bySeconds: random.range(0.1, LONGEST_DELAY_SECONDS) }),
  'stuck-part': (random) => ({ fromShare: random.range(0, 0.4), toShare: random.range(0.5, 1) }),
  fog: (random) => ({ overSeconds: random.range(0.2, 2), most: random.range(0.3, 1) }),
  'turned-mount': (random) => ({
    degrees: sign(random) * random.range(1, 170),
    about: random.pick(['x', 'y', 'z']),
  }),
  'no-camera-info': () => ({}),
  noise: (random) => ({ level: 10 ** random.range(-2, 0) }),
  'salt-pepper': (random) => ({ density: random.range(0.01, 0.9) }),
  blackout: (random) => ({ remaining: random.pick([0, random.range(0, 0.3)]) }),
  overexpose: (random) => ({ gain: random.range(2, 50) }),
  'motion-blur': (random) => ({ pixels: random.integer(2, 60) }),
  'lidar-sector-loss': (random) => {
    const fromDegrees = random.range(-180, 0);
    return { fromDegrees, toDegrees: fromDegrees + random.range(10, 350) };
  },
  'event-low-resolution': (random) => ({ factor: random.integer(2, 16) }),
  corrupt: (random) => ({ share: random.range(0.1, 1), how: random.pick(['truncate', 'flip-bytes']) }),
};

/**
 * A few random faults on random sensors of a robot, most of which end; a function of the random numbers alone.
 * @param binding - the sensors
 */
export function randomScenario(name: string, binding: FaultBinding, random: Random): Scenario {
  const faults = Array.from({ length: random.integer(1, MOST_FAULTS) }, () => {
    const [modality, { kind, infoTopic }] = random.pick([...binding]);
    const fitting = (Object.keys(PARAMETERS) as FaultKind[]).filter(
      (each) => APPLIES_TO[each].includes(kind) && (each !== 'no-camera-info' || infoTopic !== undefined),
    );
    const fault = random.pick(fitting);
    const isForAll = [...binding.values()].every((bound) => APPLIES_TO[fault].includes(bound.kind));
    const at = random.range(STORM.from, STORM.until - 0.1);
    return {
      fault,
      modality: isForAll && random.chance(ALL_SHARE) ? 'all' : modality,
      at,
      ...(!random.chance(ENDLESS_SHARE) && { until: random.range(at + 0.05, STORM.until) }),
      ...(random.chance(FLICKER_SHARE) && { flickerHz: random.range(0.5, 20) }),
      ...PARAMETERS[fault](random),
    };
  });
  return scenarioSchema.parse({ name, faults });
}
