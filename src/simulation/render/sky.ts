import type { Weather } from '../conditions.js';
import { valueNoise } from '../noise.js';

/** Radiance of the sky in a direction (need not be of unit length), written to out[at .. at + 2]. */
export function skyRadiance(
  w: Weather,
  x: number,
  y: number,
  z: number,
  out: Float32Array | Float64Array,
  at: number,
): void {
  const scale = 1 / Math.sqrt(x * x + y * y + z * z);
  const up = Math.max(0, z * scale);
  const low = 1 - up;
  const haze = low * low * low * low;
  let cloud = 0;
  if (w.cloudContrast > 0) {
    const reach = 2.2 / (up + 0.12);
    const u = x * scale * reach + (w.seed & 255);
    const v = y * scale * reach;
    const cover = 0.6 * valueNoise(u, v) + 0.28 * valueNoise(2.3 * u, 2.3 * v) + 0.12 * valueNoise(6 * u, 6 * v);
    cloud = w.cloudContrast * (1 - haze) * Math.min(1, Math.max(0, 3.4 * cover - 1.5));
  }
  // By sun clouds are bright on blue; under an overcast sky they are the darker parts.
  const isSunny = w.condition === 'sun';
  let glow = 0;
  if (isSunny) {
    const cosine = (x * w.sunDirection[0] + y * w.sunDirection[1] + z * w.sunDirection[2]) * scale;
    if (cosine > 0.6) glow = 0.25 * cosine ** 12 + 1.2 * cosine ** 150 + (cosine > 0.9995 ? 60 : 0);
  }
  for (let c = 0; c < 3; c++) {
    const clear = w.skyZenith[c]! + haze * (w.skyHorizon[c]! - w.skyZenith[c]!);
    const cloudy = isSunny ? 1.15 : 0.62 * clear;
    out[at + c] = clear + cloud * (cloudy - clear) + glow * w.sun[c]!;
  }
}
