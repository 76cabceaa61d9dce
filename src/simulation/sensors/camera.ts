import { Random } from '../../random/random.js';
import type { Failure, Weather } from '../conditions.js';
import { GaussianStream } from '../noise.js';
import type { Look } from '../variety/look.js';
import { dazzle, gradeRadiance, toneTable } from '../variety/vary_camera.js';

/** Longest exposure and highest gain the automatic exposure may choose: nights stay dark. */
const HIGHEST_GAIN = 6;
/** Mean of the picture the automatic exposure aims at, linear. */
const TARGET_MEAN = 0.27;
const READ_NOISE = 0.0016;
const SHOT_NOISE = 0.0011;

/** sRGB transfer function from linear 0..1 in 4096 steps. */
const TRANSFER = Uint8Array.from({ length: 4097 }, (_, i) => {
  const linear = i / 4096;
  return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
});

export interface CameraShot {
  readonly weather: Weather;
  readonly failure: Failure | undefined;
  readonly look?: Look | undefined;
  /** Names the random stream of this picture's noise. */
  readonly seed: number | string;
}

/**
 * Turns radiance into the 8-bit sRGB picture of a camera with automatic exposure: rain streaks, glare, motion blur,
 * photon and read noise. Noise is given before the gain, so a picture that needs much gain is noisy.
 * @param radiance - linear RGB, interleaved, width * height * 3; overwritten
 */
export function exposeCamera(radiance: Float32Array, width: number, height: number, shot: CameraShot): Uint8Array {
  const random = new Random(shot.seed, 'camera');
  const { weather, look } = shot;
  // A dazzled camera is exposed as ever: what blinds it is scattered light.
  const failure = look?.challenge === 'dazzle' ? undefined : shot.failure;
  if (look?.challenge === 'dazzle') dazzle(radiance, width, height, random.range(0.3, 1.2));
  let gain = Math.min(HIGHEST_GAIN, (TARGET_MEAN * random.range(0.85, 1.2)) / meanLuminance(radiance));
  if (look !== undefined) {
    gradeRadiance(radiance, width, height, look.camera);
    gain *= look.camera.exposure;
  }
  if (weather.rain > 0) drawRain(radiance, width, height, weather.rain, random);
  if (failure === 'motionblur') blurMotion(radiance, width, height, random);
  if (failure === 'overexposure') gain *= random.range(4, 7);
  if (failure === 'underexposure') gain *= random.range(0.04, 0.09);
  const out = new Uint8Array(radiance.length);
  const noise = new GaussianStream(random.uint32());
  // The read-out amplifies a short exposure afterwards, its noise with it.
  const readNoise = READ_NOISE * Math.max(1, gain) * (failure === 'underexposure' ? 2 : 1) * (look?.camera.noise ?? 1);
  const shotNoise = SHOT_NOISE * Math.max(0.3, gain) * (look?.camera.noise ?? 1);
  const corners = look?.camera.vignette ?? 0.22;
  const balance = [random.range(0.96, 1.04), 1, random.range(0.96, 1.04)];
  const cx = width / 2;
  const cy = height / 2;
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const r2 = ((column - cx) * (column - cx) + (row - cy) * (row - cy)) / (cx * cx + cy * cy);
      const vignette = gain * (1 - corners * r2);
      for (let c = 0; c < 3; c++, i++) {
        const signal = radiance[i]! * vignette * balance[c]!;
        const sigma = Math.sqrt(readNoise * readNoise + shotNoise * signal);
        const value = shoulder(signal + sigma * noise.next());
        out[i] = TRANSFER[value <= 0 ? 0 : value >= 1 ? 4096 : (value * 4096) | 0]!;
      }
    }
  }
  if (look !== undefined) {
    const tone = toneTable(look.camera);
    for (let i = 0; i < out.length; i++) out[i] = tone[out[i]!]!;
  }
  return out;
}

/** Linear up to 0.6, then compressed towards 1, as camera tone curves keep bright skies from clipping hard. */
function shoulder(value: number): number {
  return value < 0.6 ? value : 0.6 + 0.4 * (1 - Math.exp((0.6 - value) / 0.4));
}

function meanLuminance(radiance: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < radiance.length; i += 3 * 17) {
    // Lamps and the sun in view must not darken everything else: metering clips them.
    sum += Math.min(2, 0.25 * radiance[i]! + 0.6 * radiance[i + 1]! + 0.15 * radiance[i + 2]!);
    count++;
  }
  return Math.max(1e-6, sum / count);
}

/** Blurs along a line, mostly sideways: a shake or a fast turn during a long exposure. */
function blurMotion(radiance: Float32Array, width: number, height: number, random: Random): void {
  const length = random.integer(9, 19);
  const slope = random.range(-0.35, 0.35);
  const source = radiance.slice();
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = 3 * (row * width + column);
      let [red, green, blue] = [0, 0, 0];
      for (let k = 0; k < length; k++) {
        const offset = k - (length >> 1);
        const x = Math.min(width - 1, Math.max(0, column + offset));
        const y = Math.min(height - 1, Math.max(0, row + Math.round(slope * offset)));
        const from = 3 * (y * width + x);
        red += source[from]!;
        green += source[from + 1]!;
        blue += source[from + 2]!;
      }
      radiance[at] = red / length;
      radiance[at + 1] = green / length;
      radiance[at + 2] = blue / length;
    }
  }
}

/** Falling drops as bright streaks, and a few drops on the lens that smear what is behind them. */
function drawRain(radiance: Float32Array, width: number, height: number, strength: number, random: Random): void {
  const slant = random.range(-0.25, 0.25);
  const veil = 0.75 * mean(radiance) + 0.1;
  const streaks = Math.round(700 * strength);
  for (let k = 0; k < streaks; k++) {
    const nearness = random.next() ** 2;
    const length = 6 + 40 * nearness;
    const opacity = random.range(0.08, 0.3) * (0.5 + 0.5 * nearness);
    const x0 = random.range(0, width);
    const y0 = random.range(-20, height);
    for (let y = Math.max(0, Math.ceil(y0)); y < Math.min(height, y0 + length); y++) {
      const x = Math.round(x0 + slant * (y - y0));
      if (x < 0 || x >= width) continue;
      const at = 3 * (y * width + x);
      for (let c = 0; c < 3; c++) radiance[at + c]! += opacity * (veil - radiance[at + c]! * 0.7);
    }
  }
  const drops = random.integer(2, Math.round(3 + 12 * strength));
  for (let k = 0; k < drops; k++) {
    smearDrop(radiance, width, height, random.range(0, width), random.range(0, height), random.range(5, 16));
  }
}

/** A drop is a small lens: it shows its surroundings upside down and smaller. */
function smearDrop(
  radiance: Float32Array,
  width: number,
  height: number,
  cx: number,
  cy: number,
  radius: number,
): void {
  // The rows it looks at, three times as far away as it reaches.
  const top = Math.round(Math.min(height - 1, Math.max(0, cy - 3 * radius - 3)));
  const bottom = Math.round(Math.min(height - 1, Math.max(0, cy + 3 * radius + 3)));
  const source = radiance.slice(3 * width * top, 3 * width * (bottom + 1));
  for (let y = Math.max(0, Math.floor(cy - radius)); y < Math.min(height, cy + radius); y++) {
    for (let x = Math.max(0, Math.floor(cx - radius)); x < Math.min(width, cx + radius); x++) {
      const r = Math.hypot(x - cx, y - cy) / radius;
      if (r >= 1) continue;
      const sx = Math.round(Math.min(width - 1, Math.max(0, cx - 3 * (x - cx))));
      const sy = Math.round(Math.min(height - 1, Math.max(0, cy - 3 * (y - cy))));
      const share = 0.75 * (1 - r * r * r);
      for (let c = 0; c < 3; c++) {
        const at = 3 * (y * width + x) + c;
        radiance[at]! += share * (source[3 * ((sy - top) * width + sx) + c]! - radiance[at]!);
      }
    }
  }
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 31) sum += Math.min(2, values[i]!);
  return (sum * 31) / values.length;
}
