import assert from 'node:assert/strict';
import { judgePicture } from '../../../src/sensors/camera/index.js';
import type { ContentQuality } from '../../../src/sensors/index.js';

const PIXELS = 320 * 192;

/** Numbers in 0..1 that repeat (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A picture whose grey levels are normal around `mean`, with a share of lamps. */
function noisy(mean: number, deviation: number, lamps = 0): Uint8Array {
  const random = randomNumbers(7);
  const rgb = new Uint8ClampedArray(PIXELS * 3);
  for (let i = 0; i < PIXELS; i++) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    rgb.fill(random() < lamps ? 230 : mean + deviation * normal, 3 * i, 3 * i + 3);
  }
  return new Uint8Array(rgb.buffer);
}

/** The left half of one level, the right half of another. */
function halves(left: number, right: number): Uint8Array {
  return Uint8Array.from({ length: PIXELS * 3 }, (_, i) => (i < (PIXELS * 3) / 2 ? left : right));
}

/** White but for a share of another level. */
function mostly(level: number, share: number): Uint8Array {
  const rgb = new Uint8Array(PIXELS * 3).fill(250);
  return rgb.fill(level, 0, Math.floor(share * PIXELS) * 3);
}

function describeQuality(quality: ContentQuality): string {
  return quality.kind === 'good' ? 'good' : quality.reason;
}

describe('judgePicture', () => {
  const cases: [string, Uint8Array, string][] = [
    ['nothing', noisy(0, 0), 'black'],
    ['a covered lens: black level and what noise is left at model size', noisy(8, 0.8), 'black'],
    ['black level without noise', noisy(16, 0), 'black'],
    ['the brightest black there is', noisy(24, 0), 'black'],
    ['a level above it, without a scene', noisy(25, 0), 'empty'],
    ['something flat in the dark, above black level', noisy(30, 0.8), 'good'],
    ['a spread of six levels, which is no scene yet', halves(10, 16), 'black'],
    ['a spread of seven', halves(10, 17), 'good'],
    ['fewer than one in twenty below the limit of light', mostly(249, 0.049), 'saturated'],
    ['one in twenty', mostly(249, 0.05), 'good'],
    ['a night without lamps: only noise', noisy(4, 4), 'good'],
    ['a night with lamps on two pixels in a thousand', noisy(2, 0.5, 0.002), 'good'],
    ['a tunnel', noisy(20, 6, 0.01), 'good'],
    ['a day', noisy(120, 50), 'good'],
    ['fog', noisy(180, 6), 'good'],
    ['overexposed, with something left to see', noisy(245, 20), 'good'],
    ['washed out', noisy(255, 0), 'saturated'],
    ['washed out but for some specks', noisy(255, 1), 'saturated'],
    ['a grey "no signal" screen', noisy(128, 0), 'empty'],
  ];
  for (const [what, rgb, expected] of cases) {
    it(`${what}: ${expected}`, () => assert.equal(describeQuality(judgePicture(rgb)), expected));
  }

  it('sees colours where all brightness is the same', () => {
    const rgb = noisy(0, 0).map((_, i) => (i % 6 === 0 ? 150 : i % 6 === 4 ? 77 : 0));
    assert.equal(describeQuality(judgePicture(rgb)), 'good');
  });
});
