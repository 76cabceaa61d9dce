import type { Random } from '../../random/random.js';
import { type PictureEdit, type Samples, UNTOUCHED } from './samples.js';

/** Multiplies the light: black at 0, overexposed above 1. Chroma fades towards grey with it, and never beyond. */
export function scaleLight(gain: number): PictureEdit {
  return (samples) => {
    const chroma = Math.min(1, gain);
    eachSample(samples, (value, black) => black + (value - black) * (black > samples.full / 4 ? chroma : gain));
  };
}

/** No measurement anywhere: 0, which ROS and every depth codec read as "no return". */
export const blankDepth: PictureEdit = ({ values }) => {
  values.fill(0);
};

/** Adds Gaussian noise of σ = `level` of full scale to each sample of a picture. */
export function addNoise(level: number, random: Random): PictureEdit {
  return (samples) => eachSample(samples, (value) => value + level * samples.full * random.gaussian());
}

/** Multiplies each distance by 1 + `level` · N(0, 1); "nothing known" stays so. */
export function scatterDistance(level: number, random: Random): PictureEdit {
  return (samples) =>
    eachSample(samples, (value) => (value > 0 && value < Infinity ? value * (1 + level * random.gaussian()) : value));
}

/**
 * Salt and pepper: ceil(d · N / 2) samples drawn at random become full, then as many black, of N samples (the protocol of
 * arXiv 2503.18445, on the sensor's own samples).
 */
export function addSaltAndPepper(density: number, random: Random): PictureEdit {
  return (samples) => {
    const { values, rows, rowStep, rowLength, full } = samples;
    const count = Math.ceil((density * rows * rowLength) / 2);
    for (let i = 0; i < 2 * count; i++) {
      const row = random.integer(0, rows - 1);
      const column = random.integer(0, rowLength - 1);
      const black = blackAt(samples.black(row), column);
      if (black !== UNTOUCHED) values[row * rowStep + column] = i < count ? full : black;
    }
  };
}

/** Mean over a row's stretch of `pixels`, as of a camera that turns while it exposes; the border pixel goes on. */
export function blurAlongRows(pixels: number): PictureEdit {
  return ({ values, rows, rowStep, rowLength, stride }) => {
    const columns = Math.floor(rowLength / stride);
    const line = new Float64Array(columns);
    const before = pixels >> 1;
    const at = (column: number) => line[Math.min(columns - 1, Math.max(0, column))]!;
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < stride; channel++) {
        const start = row * rowStep + channel;
        for (let i = 0; i < columns; i++) line[i] = values[start + i * stride]!;
        let sum = 0;
        for (let i = -before; i < pixels - before; i++) sum += at(i);
        for (let i = 0; i < columns; i++) {
          values[start + i * stride] = Math.round(sum / pixels);
          sum += at(i + pixels - before) - at(i - before);
        }
      }
    }
  };
}

/** Rows from..to of the height stay as they are in the first picture. */
export function keepPart({ fromShare, toShare }: { fromShare: number; toShare: number }): PictureEdit {
  let kept: Samples['values'] | undefined;
  return ({ values, rows, rowStep }) => {
    const [from, to] = [Math.round(fromShare * rows) * rowStep, Math.round(toShare * rows) * rowStep];
    // A picture of another size begins anew.
    if (kept?.length !== Math.max(0, to - from)) kept = values.slice(from, Math.max(from, to));
    else values.set(kept, from);
  };
}

/** Grey level of fog, of full scale, and what noise the air adds, standard deviation. */
const FOG_LEVEL = 0.67;
const FOG_NOISE = 0.01;

/** Mixes a share of fog into a picture; colours fade. */
export function veil(part: number, random: Random): PictureEdit {
  return (samples) => {
    const { full } = samples;
    eachSample(samples, (value, black) => {
      const fog = black > full / 4 ? black : FOG_LEVEL * full + FOG_NOISE * full * random.gaussian();
      return value * (1 - part) + fog * part;
    });
  };
}

/** Replaces each sample; whole numbers are rounded and kept within their type. */
function eachSample(samples: Samples, change: (value: number, black: number) => number): void {
  const { values, rows, rowStep, rowLength } = samples;
  const isWhole = !(values instanceof Float32Array);
  const most = values instanceof Uint8Array ? 255 : 65_535;
  for (let row = 0; row < rows; row++) {
    const blacks = samples.black(row);
    for (let column = 0, at = row * rowStep; column < rowLength; column++, at++) {
      const black = blackAt(blacks, column);
      if (black === UNTOUCHED) continue;
      const value = change(values[at]!, black);
      values[at] = isWhole ? Math.min(most, Math.max(0, Math.round(value))) : value;
    }
  }
}

function blackAt(blacks: readonly number[], column: number): number {
  return blacks[column % blacks.length]!;
}
