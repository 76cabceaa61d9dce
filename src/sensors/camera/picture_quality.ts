import type { ContentQuality } from '../modality_image.js';

/** Brightest a covered lens gets, in grey levels: black level and amplifier noise after averaging to model size. */
const BLACK_LEVEL = 24;
/** Darkest a washed-out picture is allowed to be and still count as nothing but light. */
const SATURATED_LEVEL = 250;
/** Grey levels between darkest and brightest below which there is no scene in the dark. */
const SCENELESS_SPREAD = 6;

/**
 * Judges whether a picture can show a scene at all.
 *
 * - `empty`: every pixel has the same colour; no lens makes that, but "no signal" does.
 * - `black`: even the 99.9th percentile of brightness is at black level **and** it is hardly above the 0.1th. A night
 *   or a tunnel is dark too, but lights, their reflections or at least sensor noise spread the histogram: it passes.
 * - `saturated`: nineteen of twenty pixels are at the upper limit.
 *
 * @param rgb - pixels at model size, RGB
 */
export function judgePicture(rgb: Uint8Array): ContentQuality {
  const histogram = new Uint32Array(256);
  const [firstR, firstG, firstB] = rgb;
  let isUniform = true;
  for (let i = 0; i < rgb.length; i += 3) {
    const r = rgb[i]!;
    const g = rgb[i + 1]!;
    const b = rgb[i + 2]!;
    if (r !== firstR || g !== firstG || b !== firstB) isUniform = false;
    // Luma of ITU-R BT.601 in 1/256.
    histogram[(77 * r + 150 * g + 29 * b) >> 8]!++;
  }
  const count = rgb.length / 3;
  const brightest = percentile(histogram, count, 0.999);
  const darkest = percentile(histogram, count, 0.001);
  if (brightest <= BLACK_LEVEL && brightest - darkest <= SCENELESS_SPREAD) return { kind: 'blind', reason: 'black' };
  if (percentile(histogram, count, 0.05) >= SATURATED_LEVEL) return { kind: 'blind', reason: 'saturated' };
  if (isUniform) return { kind: 'blind', reason: 'empty' };
  return { kind: 'good' };
}

/** Smallest level that at least `fraction` of all pixels do not exceed. */
function percentile(histogram: Uint32Array, count: number, fraction: number): number {
  let sum = 0;
  for (let level = 0; level < 256; level++) {
    sum += histogram[level]!;
    if (sum >= fraction * count) return level;
  }
  return 255;
}
