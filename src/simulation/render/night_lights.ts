import type { Pose } from '../pose.js';
import type { Lamp } from '../world/statics.js';

const LAMP_REACH = 13;
const BEAM_REACH = 20;
/** Warm light of a street lamp 6 m above the ground, on a white sheet. */
const LAMP_STRENGTH = 0.025;

/** The few lights of the night: the own low beam and the nearest lit street lamps. No shadows. */
export class NightLights {
  #x = 0;
  #y = 0;
  #forwardX = 1;
  #forwardY = 0;
  #strength = 0;
  #lamps: Lamp[] = [];

  update(ego: Pose, lamps: readonly Lamp[], strength: number): void {
    this.#forwardX = ego.rotation[0]!;
    this.#forwardY = ego.rotation[3]!;
    // The headlights sit 2 m in front of base_link.
    this.#x = ego.x + 2 * this.#forwardX;
    this.#y = ego.y + 2 * this.#forwardY;
    this.#strength = strength;
    this.#lamps = lamps.filter((lamp) => {
      const [dx, dy] = [lamp.x - ego.x, lamp.y - ego.y];
      return Math.hypot(dx, dy) < 90 && dx * this.#forwardX + dy * this.#forwardY > -LAMP_REACH;
    });
  }

  /** Light that reaches a surface point with the given normal, in the units of radiance on a white sheet. */
  irradiance(x: number, y: number, z: number, nx: number, ny: number, nz: number): number {
    let sum = 0;
    const dx = x - this.#x;
    const dy = y - this.#y;
    const dz = z - 0.65;
    const ahead = dx * this.#forwardX + dy * this.#forwardY;
    if (ahead > 0 && ahead < 1.3 * BEAM_REACH) {
      const r2 = dx * dx + dy * dy + dz * dz;
      const r = Math.sqrt(r2);
      const aside = (dx * this.#forwardY - dy * this.#forwardX) / r;
      const spread = Math.exp(-8 * aside * aside);
      // Low beam: hardly any light goes above the horizontal.
      const upward = dz / r;
      const cut = upward < 0.02 ? 1 : Math.max(0.05, 1 - 9 * upward);
      // A lamp pair has height and width, so flat ground right ahead is met less grazingly than from a point.
      const cosine = Math.max(0, -(dx * nx + dy * ny + dz * nz) / r) + (nz > 0.5 ? 0.12 : 0);
      const end = Math.max(0, Math.min(1, 1.3 - r / BEAM_REACH));
      sum += (this.#strength * 100 * spread * cut * cosine * end) / (r2 + 16);
    }
    for (const lamp of this.#lamps) {
      const lx = lamp.x - x;
      const ly = lamp.y - y;
      const r2flat = lx * lx + ly * ly;
      if (r2flat > LAMP_REACH * LAMP_REACH) continue;
      const lz = lamp.z - z;
      if (lz < 0) continue;
      const r2 = r2flat + lz * lz;
      const r = Math.sqrt(r2);
      const cosine = Math.max(0.05, (lx * nx + ly * ny + lz * nz) / r);
      const edge = 1 - r2flat / (LAMP_REACH * LAMP_REACH);
      sum += (LAMP_STRENGTH * 36 * cosine * edge) / r2;
    }
    return sum;
  }
}
