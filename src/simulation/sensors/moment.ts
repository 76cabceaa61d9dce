import type { Failure, Weather } from '../conditions.js';
import type { Look } from '../variety/look.js';
import type { World } from '../world/world.js';

/** A moment of a drive: what there is, when (seconds since the drive began), and under which conditions. */
export interface Moment {
  readonly world: World;
  readonly time: number;
  readonly weather: Weather;
  readonly failure: Failure | undefined;
  /** How the scene and its sensors differ from the plain ones. */
  readonly look?: Look | undefined;
  /** Names the noise of this drive; each sensor and time draws its own stream from it. */
  readonly seed: number | string;
}
