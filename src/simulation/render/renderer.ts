import { CLASS } from '../classes.js';
import type { Weather } from '../conditions.js';
import type { Pose } from '../pose.js';
import type { Lamp } from '../world/statics.js';
import { Caster, type Scene } from './caster.js';
import { groundTexture } from './ground_texture.js';
import { type Hits, SURFACE } from './hits.js';
import { LOCAL, localHit } from './local_hit.js';
import { NightLights } from './night_lights.js';
import { objectTexture } from './object_texture.js';
import type { RayGrid } from './ray_grid.js';
import { ShadowMap, type ShadowUpdate } from './shadow_map.js';
import { skyRadiance } from './sky.js';
import { SAMPLE } from './surface_sample.js';

export interface Lighting {
  readonly weather: Weather;
  /** base_link of the ego vehicle, which carries the headlights. */
  readonly ego: Pose;
  readonly lamps: readonly Lamp[];
  /** How often shadows are cast; by default for each view. */
  readonly shadows?: ShadowUpdate | undefined;
}

/** Renders what a passive camera sees: linear RGB radiance, class and depth of every pixel. Owns its buffers. */
export class Renderer {
  readonly caster: Caster;
  /** Linear RGB, interleaved. A white sheet under a cloudy sky has 1. */
  readonly radiance: Float32Array;
  readonly #shadows: ShadowMap;
  readonly #night = new NightLights();
  readonly #sample = new Float64Array(SAMPLE.length);
  readonly #local = new Float64Array(LOCAL.length);
  readonly #mirror = new Float64Array(3);

  /** @param shadows - may be shared between renderers that run one after another */
  constructor(grid: RayGrid, shadows = new ShadowMap()) {
    this.caster = new Caster(grid);
    this.radiance = new Float32Array(3 * grid.width * grid.height);
    this.#shadows = shadows;
  }

  render(scene: Scene, pose: Pose, lighting: Lighting): Hits {
    const hits = this.caster.cast(scene, pose);
    const { weather } = lighting;
    if (weather.condition === 'night') this.#night.update(lighting.ego, lighting.lamps, weather.headlights);
    else this.#shadows.update(scene, pose, weather, lighting.shadows);
    this.#shade(scene, hits, weather);
    if (weather.wetness > 0) this.#mirrorWetGround(hits, weather);
    return hits;
  }

  #shade(scene: Scene, hits: Hits, weather: Weather): void {
    const { rays } = this.caster;
    const { pitch } = this.caster.grid;
    const { radiance } = this;
    const sample = this.#sample;
    const local = this.#local;
    const isNight = weather.condition === 'night';
    const isSunny = weather.condition === 'sun';
    const [sunX, sunY, sunZ] = weather.sunDirection;
    const light = this.#mirror;
    // Locals, not fields of arrays: this loop is most of what a frame costs.
    const [ambientR, ambientG, ambientB] = weather.ambient;
    const [sunR, sunG, sunB] = weather.sun;
    const [airR, airG, airB] = weather.airlight;
    const extinction = weather.extinction;
    const count = hits.surface.length;
    for (let i = 0; i < count; i++) {
      const dx = rays.x[i]!;
      const dy = rays.y[i]!;
      const dz = rays.z[i]!;
      const surface = hits.surface[i]!;
      if (surface === SURFACE.sky) {
        skyRadiance(weather, dx, dy, dz, radiance, 3 * i);
        continue;
      }
      const t = hits.distance[i]!;
      const x = rays.originX + t * dx;
      const y = rays.originY + t * dy;
      const z = rays.originZ + t * dz;
      let nx = 0;
      let ny = 0;
      let nz = 1;
      if (surface >= 0) {
        localHit(scene.primitives, surface, x, y, z, local);
        nx = local[LOCAL.wx]!;
        ny = local[LOCAL.wy]!;
        nz = local[LOCAL.wz]!;
        objectTexture(scene.primitives, surface, local, t * pitch, sample);
      } else {
        // A grazing view smears a ground pixel over more metres; the root keeps some of the near detail.
        const smear = Math.sqrt(Math.min(1, Math.abs(dz)));
        // The label of a see-through fence may cover the ground behind it: the surface decides.
        const label = hits.veilDistance[i]! < t ? groundClass(scene, surface, x, y) : hits.label[i]!;
        groundTexture(scene.street, surface, label, x, y, (t * pitch) / smear, sample);
      }
      const length = Math.sqrt(dx * dx + dy * dy + dz * dz);
      const facing = -(dx * nx + dy * ny + dz * nz) / length;
      const away = 1 - Math.min(1, Math.max(0, facing));
      const gloss = sample[SAMPLE.gloss]!;
      const fresnel = gloss > 0.03 ? gloss + 0.6 * away * away * away * away : 0;
      if (fresnel > 0) {
        const twice = 2 * facing;
        skyRadiance(weather, dx / length + twice * nx, dy / length + twice * ny, dz / length + twice * nz, light, 0);
        // What mirrors the ground instead of the sky is dark.
        if (dz / length + twice * nz < 0) for (let c = 0; c < 3; c++) light[c] = 0.25 * weather.ambient[c]!;
      }
      const own = sample[SAMPLE.emission]!;
      let sun = 0;
      let open = 1;
      let lamp = 0;
      if (isNight) lamp = this.#night.irradiance(x, y, z, nx, ny, nz);
      else if (isSunny) {
        const cosine = nx * sunX + ny * sunY + nz * sunZ;
        if (cosine > 0) sun = cosine * this.#shadows.lit(x, y, z);
      } else if (nz > 0.3) open = 0.4 + 0.6 * this.#shadows.lit(x, y, z);
      const ambient = open * (0.62 + 0.38 * nz) * Math.min(1, 0.75 + 0.3 * z);
      const air = 1 - Math.exp(-extinction * t * length);
      const glow = own * (isNight || own > 0.05 ? 1 : 0);
      const reflectedR = sample[0]! * (ambient * ambientR + sun * sunR + lamp);
      const reflectedG = sample[1]! * (ambient * ambientG + sun * sunG + lamp);
      const reflectedB = sample[2]! * (ambient * ambientB + sun * sunB + lamp);
      const seenR = reflectedR + fresnel * (light[0]! - reflectedR) + glow;
      const seenG = reflectedG + fresnel * (light[1]! - reflectedG) + glow;
      const seenB = reflectedB + fresnel * (light[2]! - reflectedB) + glow;
      radiance[3 * i] = seenR + air * (airR - seenR);
      radiance[3 * i + 1] = seenG + air * (airG - seenG);
      radiance[3 * i + 2] = seenB + air * (airB - seenB);
    }
  }

  /**
   * Wet ground mirrors what stands above it. The mirrored ray is looked up in the image itself, at the pixel as far
   * above the horizon as this one lies below: exact for far things, close enough for a blurred reflection of near ones.
   */
  #mirrorWetGround(hits: Hits, weather: Weather): void {
    const { rays, grid } = this.caster;
    const { radiance } = this;
    const { width, height } = grid;
    const rowPitch = Math.abs(
      rays.z[(height >> 1) * width + (width >> 1)]! - rays.z[((height >> 1) + 1) * width + (width >> 1)]!,
    );
    const sky = this.#mirror;
    for (let i = 0; i < hits.surface.length; i++) {
      const surface = hits.surface[i]!;
      if (surface !== SURFACE.carriageway && surface !== SURFACE.raised) continue;
      if (hits.label[i] === CLASS.terrain) continue;
      const dz = rays.z[i]!;
      const t = hits.distance[i]!;
      const rows = Math.round((-2 * dz) / rowPitch);
      const from = i - rows * width;
      if (from >= 0) {
        sky[0] = radiance[3 * from]!;
        sky[1] = radiance[3 * from + 1]!;
        sky[2] = radiance[3 * from + 2]!;
      } else skyRadiance(weather, rays.x[i]!, rays.y[i]!, -dz, sky, 0);
      const graze = 1 - Math.min(1, Math.abs(dz));
      const puddle = surface === SURFACE.carriageway ? 1 : 0.5;
      const share = weather.wetness * puddle * Math.exp(-weather.extinction * t) * (0.04 + 0.5 * graze ** 6);
      const dark = 1 - 0.45 * weather.wetness;
      for (let c = 0; c < 3; c++) {
        const dry = radiance[3 * i + c]!;
        radiance[3 * i + c] = dry * dark + share * (sky[c]! - dry * dark);
      }
    }
  }
}

function groundClass(scene: Scene, surface: number, x: number, y: number): number {
  const d = scene.street.lateral(x, y);
  if (surface !== SURFACE.carriageway) return scene.street.raisedClass(d);
  return scene.street.carriagewayClass(scene.street.along(x, y), d);
}
