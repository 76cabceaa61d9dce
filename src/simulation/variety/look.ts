import { Random } from '../../random/random.js';
import type { Condition, Failure } from '../conditions.js';

/** How much a data set's scenes differ: `plain` as in the bags of `simulate`, `wide` with all drawn anew for each scene. */
export const VARIETIES = ['plain', 'wide'] as const;
export type Variety = (typeof VARIETIES)[number];

/**
 * Situations in which a camera fails and an event camera does not. `tunnelExit`: exposed for the tunnel, in the sun;
 * `dazzle`: headlights and low sun scatter in the lens; `longExposure`: a night's shutter, blurred by the own speed;
 * `fastTurn`: the picture smears sideways.
 */
export const CHALLENGES = ['tunnelExit', 'dazzle', 'longExposure', 'fastTurn'] as const;
export type Challenge = (typeof CHALLENGES)[number];

/** The failures of DELIVER that a challenge comes nearest to: frames with it are filed under one's name. */
export const CHALLENGE_FAILURES: Readonly<Record<Challenge, readonly Failure[]>> = {
  tunnelExit: ['overexposure', 'overexposure', 'underexposure'],
  dazzle: ['overexposure'],
  longExposure: ['motionblur'],
  fastTurn: ['motionblur'],
};

/** What a camera does to a picture besides its automatic exposure. */
export interface CameraLook {
  /** Factor on the exposure. */
  readonly exposure: number;
  /** Factors on linear red, green and blue. */
  readonly balance: readonly [number, number, number];
  /** 0 gray, 1 as it is, above 1 stronger colours. */
  readonly saturation: number;
  /** Exponent on the 8-bit value over 255. */
  readonly gamma: number;
  /** Slope around middle gray. */
  readonly contrast: number;
  /** 8-bit value over 255 that black becomes: stray light. */
  readonly lift: number;
  /** Light lost in the corners, 0..1. */
  readonly vignette: number;
  /** Factor on the noise. */
  readonly noise: number;
  /** Times the picture is blurred by a 3 x 3 kernel: focus. */
  readonly defocus: number;
  /** Of the JPEG, 1..100. */
  readonly quality: number;
}

/** How one scene of a `wide` data set looks. Everything is drawn from the scene's seed. */
export interface Look {
  /** Names the random streams of all that is drawn later: colours of each object, clutter. */
  readonly seed: number;
  readonly challenge: Challenge | undefined;
  readonly camera: CameraLook;
  /** Contrast threshold of the event camera. */
  readonly eventThreshold: number;
  /** Factor on the LiDAR's intensity, and an exponent. */
  readonly intensity: readonly [scale: number, exponent: number];
  /** Sideways turn of the vehicle, radians a second. */
  readonly yawRate: number;
}

/** Share of the scenes of a `wide` set that look as in a `plain` one. */
const PLAIN_SHARE = 0.25;
/** Share of scenes with a challenge: nights have more, as there the camera suffers most. */
const CHALLENGE_SHARE = { night: 0.5, other: 0.2 } as const;

/** @returns undefined where the scene stays plain */
export function createLook(variety: Variety, condition: Condition, seed: string): Look | undefined {
  if (variety === 'plain') return undefined;
  const random = new Random(seed, 'look');
  if (random.chance(PLAIN_SHARE)) return undefined;
  const isNight = condition === 'night';
  const hasChallenge = random.chance(isNight ? CHALLENGE_SHARE.night : CHALLENGE_SHARE.other);
  const challenge = hasChallenge ? random.pick(challengesOf(condition)) : undefined;
  const warm = 0.12 * random.gaussian();
  const tint = 0.05 * random.gaussian();
  const turn = random.chance(0.5) ? 1 : -1;
  return {
    seed: random.uint32() & 0xffff,
    challenge,
    camera: {
      // A long exposure is chosen where even that is not enough.
      exposure: 2 ** Math.max(-1.2, Math.min(1.3, 0.4 * random.gaussian())) * (challenge === 'longExposure' ? 0.35 : 1),
      balance: [Math.exp(warm), Math.exp(tint), Math.exp(-warm)].map((value) =>
        Math.max(0.6, Math.min(1.6, value)),
      ) as [number, number, number],
      saturation: random.range(0.45, 1.45),
      gamma: Math.exp(0.16 * random.gaussian()),
      contrast: random.range(0.8, 1.3),
      lift: random.chance(0.4) ? random.range(0, 0.08) : 0,
      vignette: random.range(0, 0.5),
      noise: Math.exp(random.range(-0.7, 1)),
      defocus: random.pick([0, 0, 0, 1, 1, 2]),
      quality: random.integer(45, 95),
    },
    eventThreshold: random.range(0.2, 0.5),
    intensity: [Math.exp(random.range(-0.7, 0.5)), random.range(0.7, 1.4)],
    yawRate: challenge === 'fastTurn' ? turn * random.range(0.35, 0.8) : 0,
  };
}

/** A tunnel's end needs daylight, a long exposure darkness; dazzling needs lamps or a bare sun. */
function challengesOf(condition: Condition): readonly Challenge[] {
  if (condition === 'night') return ['dazzle', 'longExposure', 'longExposure', 'fastTurn'];
  if (condition === 'sun') return ['tunnelExit', 'dazzle', 'fastTurn'];
  return ['tunnelExit', 'fastTurn'];
}
