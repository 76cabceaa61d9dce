import { Random } from '../../random/random.js';
import { composePoses, type Pose, poseFromAngles } from '../pose.js';
import { Pen, Primitives } from '../primitives.js';
import type { Scene } from '../render/caster.js';
import { buildClutter, planClutter } from '../variety/clutter.js';
import type { Look } from '../variety/look.js';
import { repaint } from '../variety/repaint.js';
import { varyStreet } from '../variety/vary_street.js';
import { type Actor, createActors, type EgoMotion } from './actors.js';
import { buildStatics, type Lamp } from './statics.js';
import { createStreet, type Street } from './street.js';

/** Actors farther than this from the ego vehicle are not drawn, metres along the street. */
const REACH_AHEAD = 100;
const REACH_BEHIND = 12;
/** How far a fast turn swings off the street's direction, radians. */
const TURN_ANGLE = 0.2;

/** A street with all that stands and moves on it during one drive, all of it a function of the seed and the time. */
export class World {
  readonly street: Street;
  readonly ego: EgoMotion;
  readonly lamps: readonly Lamp[];
  readonly #primitives = new Primitives();
  readonly #staticCount: number;
  readonly #actors: readonly Actor[];
  readonly #shake: readonly number[];
  readonly #look: Look | undefined;

  /**
   * @param seconds - how long the drive lasts at most; the street is as long as that needs
   * @param look - of a scene of a `wide` data set; without one the world is plain
   */
  constructor(seed: number | string, seconds: number, look?: Look) {
    const random = new Random(seed, 'world');
    const speed = random.range(8, 12);
    const length = speed * seconds + 130;
    const street = createStreet(seed, length);
    this.street = look === undefined ? street : varyStreet(street, look.seed);
    this.#look = look;
    this.ego = {
      speed,
      start: random.range(0, 3),
      lateral: -this.street.layout.laneWidth / 2 + random.range(-0.2, 0.2),
    };
    if (look === undefined) this.lamps = buildStatics(this.#primitives, this.street, seed, length);
    else {
      const plan = planClutter(look.seed);
      this.lamps = buildStatics(this.#primitives, this.street, seed, length, { ...plan, cars: 'wide' });
      buildClutter(this.#primitives, this.street, look.seed, length, plan);
      repaint(this.#primitives, 0, look.seed);
    }
    this.#staticCount = this.#primitives.count;
    this.#actors = createActors(this.street, this.ego, seed, seconds, look === undefined ? 'plain' : 'wide');
    this.#shake = [
      random.range(0, 6.28),
      random.range(0, 6.28),
      random.range(0.002, 0.006),
      random.range(0.001, 0.004),
    ];
  }

  /** base_link in the world; it nods and rolls a little, as a body on springs does. */
  egoPose(time: number): Pose {
    const { street, ego } = this;
    const s = ego.start + ego.speed * time;
    const d = ego.lateral + 0.12 * Math.sin(0.7 * time + this.#shake[1]!);
    const upright = poseFromAngles(street.worldX(s, d), street.worldY(s, d), 0, street.heading(s) + this.#turn(time));
    const [phase, other, nod, roll] = this.#shake as [number, number, number, number];
    const sway = poseFromAngles(
      0,
      0,
      0.012 * Math.sin(8.1 * time + other),
      0,
      nod * Math.sin(9.3 * time + phase) + 0.4 * nod * Math.sin(23 * time + other),
      roll * Math.sin(6.1 * time + phase),
    );
    return composePoses(upright, sway);
  }

  /** Everything at one instant. The scene is overwritten by the next call. */
  sceneAt(time: number): Scene {
    const { street, ego } = this;
    const primitives = this.#primitives;
    primitives.truncate(this.#staticCount);
    const pen = new Pen(primitives);
    const here = ego.start + ego.speed * time;
    for (const actor of this.#actors) {
      const { s, d, turn } = actor.at(time);
      if (s < here - REACH_BEHIND || s > here + REACH_AHEAD) continue;
      const isOnSidewalk = Math.abs(d) > (d >= 0 ? street.layout.left : street.layout.right).kerb;
      const z = isOnSidewalk ? street.layout.kerbHeight : 0;
      pen.moveTo(street.worldX(s, d), street.worldY(s, d), z, street.heading(s) + turn);
      actor.draw(pen, actor.speed * time);
    }
    if (this.#look !== undefined) repaint(primitives, this.#staticCount, this.#look.seed);
    return { primitives, street };
  }

  /** Angle to the street, radians: a fast turn swings to and fro about it. */
  #turn(time: number): number {
    const rate = this.#look?.yawRate ?? 0;
    return rate === 0
      ? 0
      : (2 / Math.PI) * TURN_ANGLE * Math.asin(Math.sin(((Math.PI / 2) * rate * time) / TURN_ANGLE));
  }
}
