import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../src/random/random.js';
import {
  averageScore,
  expectedScore,
  noisy,
  nonEmptySubsets,
  normalisationIn,
  normalisationOf,
  randomlyZeroed,
  zeroFilled,
  zeroLevels,
} from '../../src/robustness/index.js';
import type { ModalityImage, Representation } from '../../src/sensors/index.js';
import { projectRoot } from '../support/shared_data.js';

const RGB: Representation = { kind: 'rgb' };
const EVENTS: Representation = { kind: 'counts-recency', windowMs: 40, countScale: 64 };
const LIDAR: Representation = {
  kind: 'range-intensity-height',
  rangeMetres: [1, 80],
  heightMetres: [-1, 7],
  dilation: 1,
};

function imageOf(modality: string, fill: (i: number) => number, side = 64): ModalityImage {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => fill(i));
  return { modality, stamp: 0n, width: side, height: side, data, quality: { kind: 'good' } };
}

describe('normalisation of a network of another make', () => {
  it('is that of its bundle, so that zero is zero for its inputs too', () => {
    const input = { modality: 'camera', type: 'float32', scale: 1, mean: [100, 110, 120], std: [50, 60, 70] };
    const bundle = {
      modalities: [{ name: 'camera', representation: RGB }],
      files: { kind: 'whole', network: '', recipe: { inputs: [input] } },
    } as unknown as Parameters<typeof normalisationIn>[0];
    const normalisation = normalisationIn(bundle, 'camera');
    const { bytes, residual } = zeroLevels(RGB, normalisation);
    assert.deepEqual(bytes, [100, 110, 120]);
    for (const left of residual) assert.ok(Math.abs(left) < 1e-12);
    const zero = zeroFilled(
      imageOf('camera', (i) => i % 256),
      RGB,
      normalisation,
    );
    assert.deepEqual([...zero.data.slice(0, 3)], [100, 110, 120]);
  });
});

describe('subsets and their means', () => {
  it('lists all non-empty subsets, the whole set first', () => {
    const subsets = nonEmptySubsets(['a', 'b', 'c']).map((subset) => subset.join(''));
    assert.equal(subsets[0], 'abc');
    assert.deepEqual([...subsets].sort(), ['a', 'ab', 'abc', 'ac', 'b', 'bc', 'c']);
    assert.equal(nonEmptySubsets(['a', 'b', 'c', 'd']).length, 15);
    assert.equal(nonEmptySubsets(['a', 'b', 'c', 'd', 'e']).length, 31);
  });

  it('computes Avg and E_p as by hand for two modalities', () => {
    const scores = [
      { present: ['a', 'b'], miou: 60 },
      { present: ['a'], miou: 40 },
      { present: ['b'], miou: 10 },
    ];
    assert.ok(Math.abs(averageScore(scores) - 110 / 3) < 1e-12);
    // p = 0.2: P = 0.64, 0.16, 0.16; (38.4 + 6.4 + 1.6) / 0.96
    assert.ok(Math.abs(expectedScore(scores, 2, 0.2) - 46.4 / 0.96) < 1e-12);
    // p = 0.1: P = 0.81, 0.09, 0.09; (48.6 + 3.6 + 0.9) / 0.99
    assert.ok(Math.abs(expectedScore(scores, 2, 0.1) - 53.1 / 0.99) < 1e-12);
  });

  it('goes to the full score as nothing is ever missing, and is the mean where all subsets are as likely', () => {
    const scores = nonEmptySubsets(['a', 'b', 'c', 'd']).map((present, i) => ({ present, miou: 80 - 3 * i }));
    assert.ok(Math.abs(expectedScore(scores, 4, 1e-9) - 80) < 1e-6);
    assert.ok(Math.abs(expectedScore(scores, 4, 0.5) - averageScore(scores)) < 1e-12);
  });
});

describe('zero after normalisation', () => {
  it('uses the constants the models are trained with', async () => {
    const source = await readFile(join(projectRoot, 'training', 'mle_sam_train', 'model', 'mle_sam.py'), 'utf8');
    const tuple = (name: string) => new RegExp(`${name} = \\(([^)]+)\\)`).exec(source)![1]!.split(',').map(Number);
    const [mean, std] = [tuple('RGB_MEAN'), tuple('RGB_STD')];
    const { gain, shift } = normalisationOf(RGB);
    for (const channel of [0, 1, 2] as const) {
      for (const byte of [0, 100, 255]) {
        const expected = (byte / 255 - mean[channel]!) / std[channel]!;
        assert.ok(Math.abs(byte * gain[channel] - shift[channel] - expected) < 1e-12);
      }
    }
  });

  it('is exact for depth, events and LiDAR, whose bytes are only divided by 255', () => {
    for (const representation of [EVENTS, LIDAR, { kind: 'inverse', nearMetres: 1 } as const]) {
      assert.deepEqual(zeroLevels(representation), { bytes: [0, 0, 0], residual: [0, 0, 0] });
    }
  });

  it('is not exact for a camera: the nearest bytes leave less than a hundredth of a standard deviation', () => {
    const { bytes, residual } = zeroLevels(RGB);
    assert.deepEqual(bytes, [124, 116, 104]);
    // (124 - 123.675) / (255 * 0.229), (116 - 116.28) / (255 * 0.224), (104 - 103.53) / (255 * 0.225)
    const expected = [0.325 / 58.395, -0.28 / 57.12, 0.47 / 57.375];
    for (const [i, value] of residual.entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-12, `${value}`);
    const image = zeroFilled(
      imageOf('camera', (i) => i % 251),
      RGB,
    );
    assert.deepEqual([...image.data.subarray(0, 6)], [124, 116, 104, 124, 116, 104]);
  });
});

describe('missing elements and noise', () => {
  it('RMM zeroes the share of elements it is told to, and leaves the others', () => {
    const image = imageOf('camera', () => 200);
    for (const rate of [0.25, 0.5, 0.75]) {
      const { data } = randomlyZeroed(image, RGB, rate, new Random('rmm', rate));
      const zeroed = data.filter((byte, i) => byte === [124, 116, 104][i % 3]).length;
      assert.equal(zeroed + data.filter((byte) => byte === 200).length, data.length);
      assert.ok(Math.abs(zeroed / data.length - rate) < 0.02, `${rate} ${zeroed / data.length}`);
    }
    assert.ok(
      image.data.every((byte) => byte === 200),
      'the frame itself is left alone',
    );
  });

  it('NM salts and peppers with the largest and smallest value of the picture; events get nothing more', () => {
    const image = imageOf('events', (i) => (i === 0 ? 220 : i === 1 ? 20 : 100));
    const { data } = noisy(image, EVENTS, { density: 0.2, sigma: 0.5 }, new Random('nm')).image;
    assert.deepEqual(
      [...new Set(data)].sort((a, b) => a - b),
      [20, 100, 220],
    );
    const share = (value: number) => data.filter((byte) => byte === value).length / data.length;
    // Drawn with replacement: 1 - e^-0.1 each, the pepper over a tenth of the salt.
    assert.ok(Math.abs(share(20) - 0.095) < 0.01 && Math.abs(share(220) - 0.086) < 0.01, `${share(20)} ${share(220)}`);
  });

  it('NM adds noise of σ standard deviations of the channel, and counts what bytes cannot hold', () => {
    const even = imageOf('camera', () => 128);
    const { image, clamped } = noisy(even, RGB, { density: 0.0001, sigma: 0.5 }, new Random('nm'));
    const std = [0.229, 0.224, 0.225];
    for (const channel of [0, 1, 2]) {
      const values = Array.from(image.data).filter((_, i) => i % 3 === channel);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
      assert.ok(Math.abs(deviation - 0.5 * 255 * std[channel]!) < 1.2, `${deviation}`);
    }
    assert.ok(clamped / image.data.length < 0.001);
    // Black is below nothing: half of the noise is lost, and said.
    const dark = noisy(
      imageOf('lidar', () => 0),
      LIDAR,
      { density: 0.0001, sigma: 0.5 },
      new Random('nm'),
    );
    assert.ok(Math.abs(dark.clamped / dark.image.data.length - 0.5) < 0.03);
  });
});
