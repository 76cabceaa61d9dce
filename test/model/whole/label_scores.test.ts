import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { SOURCE_SHA256 } from '../../../src/model/whole/kernel/scores_wasm.js';
import { ScoreLabeller } from '../../../src/model/whole/label_scores.js';
import { gridFor, type NetworkRecipe, type Upsampling } from '../../../src/model/whole/recipe.js';
import type { ScoreVolume } from '../../../src/model/whole/rows.js';
import { projectRoot } from '../../support/shared_data.js';

const UNLABELED = 255;

function recipeOf(size: { width: number; height: number }, channels: number, more: Partial<NetworkRecipe> = {}) {
  return {
    size,
    batch: 1,
    fit: 'stretch',
    inputs: [],
    constants: [],
    output: { kind: 'logits', name: 'logits', layout: 'NCHW' },
    classIds: Array.from({ length: Math.max(2, channels) }, (_, index) => index),
    confidence: 'softmax-maximum',
    ...more,
  } satisfies NetworkRecipe;
}

/** Where a pixel lies in a smaller line, by the definitions of ONNX' Resize. */
const PLACES: Record<Upsampling, (place: number, from: number, to: number) => number> = {
  'half-pixel': (place, from, to) => ((place + 0.5) * from) / to - 0.5,
  'align-corners': (place, from, to) => (to === 1 ? 0 : (place * (from - 1)) / (to - 1)),
  asymmetric: (place, from, to) => (place * from) / to,
};

/** The score of a class at a pixel of the full size, in doubles. */
function scoreAt(
  { data, width, height, channels, layout }: ScoreVolume,
  size: { width: number; height: number },
  upsampling: Upsampling,
) {
  const at = (c: number, y: number, x: number) =>
    data[layout.endsWith('CHW') ? (c * height + y) * width + x : (y * width + x) * channels + c]!;
  const between = (place: number, from: number, to: number) => {
    const centre = Math.min(from - 1, Math.max(0, PLACES[upsampling](place, from, to)));
    return [Math.floor(centre), Math.min(from - 1, Math.floor(centre) + 1), centre % 1] as const;
  };
  return (c: number, y: number, x: number) => {
    const [top, bottom, down] = between(y, height, size.height);
    const [left, right, across] = between(x, width, size.width);
    const line = (row: number) => at(c, row, left) * (1 - across) + at(c, row, right) * across;
    return line(top) * (1 - down) + line(bottom) * down;
  };
}

const volumes = fc
  .record({
    width: fc.integer({ min: 1, max: 12 }),
    height: fc.integer({ min: 1, max: 7 }),
    across: fc.constantFrom(1, 2, 3, 4, 8, 2.5),
    down: fc.constantFrom(1, 2, 4, 1.5),
    channels: fc.integer({ min: 2, max: 9 }),
    layout: fc.constantFrom('NCHW', 'NHWC', 'CHW', 'HWC'),
    upsampling: fc.constantFrom('half-pixel', 'align-corners', 'asymmetric'),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  })
  .map(({ width, height, across, down, channels, layout, upsampling, seed }) => {
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const data = Float32Array.from({ length: width * height * channels }, () => 20 * random() - 10);
    const size = { width: Math.ceil(width * across), height: Math.ceil(height * down) };
    return { volume: { data, width, height, channels, layout } as ScoreVolume, size, upsampling };
  });

describe('ScoreLabeller', () => {
  it('gives the largest of the interpolated scores and its softmax, whatever layout, stride, width and upsampling', () => {
    fc.assert(
      fc.property(volumes, ({ volume, size, upsampling }) => {
        const output = { kind: 'logits', name: 'logits', layout: volume.layout, upsampling } as const;
        const recipe = recipeOf(size, volume.channels, { output });
        const { labels, confidence } = new ScoreLabeller(recipe, size, 'logits').label(volume);
        const score = scoreAt(volume, size, upsampling);
        for (let y = 0; y < size.height; y++) {
          for (let x = 0; x < size.width; x++) {
            const scores = Array.from({ length: volume.channels }, (_, c) => score(c, y, x));
            const best = Math.max(...scores);
            const i = y * size.width + x;
            assert.ok(scores[labels[i]!]! > best - 1e-4, `label ${labels[i]} at ${x},${y} of ${scores}`);
            const share = 1 / scores.reduce((sum, value) => sum + Math.exp(value - best), 0);
            assert.ok(Math.abs(confidence![i]! - 255 * share) <= 0.6, `${confidence![i]} for ${255 * share}`);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('reads half precision', () => {
    const size = { width: 4, height: 1 };
    // 1, 2, -2, 0.5 and 0 in binary16
    const data = Uint16Array.from([0x3c00, 0xc000, 0x3c00, 0x3800, 0, 0, 0x4000, 0x3800]);
    const volume: ScoreVolume = { data, width: 4, height: 1, channels: 2, layout: 'CHW' };
    const { labels } = new ScoreLabeller(recipeOf(size, 2), size, 'logits').label(volume);
    assert.deepEqual([...labels], [0, 1, 1, 0]);
  });

  it('takes a single score for that of the second of two classes', () => {
    const size = { width: 4, height: 1 };
    const volume = (values: number[]): ScoreVolume => {
      return { data: Float32Array.from(values), width: 4, height: 1, channels: 1, layout: 'CHW' };
    };
    const logits = new ScoreLabeller(recipeOf(size, 1), size, 'logits').label(volume([-2, 3, -0.1, 0.1]));
    assert.deepEqual([...logits.labels], [0, 1, 0, 1]);
    assert.equal(logits.confidence![1], Math.round(255 / (1 + Math.exp(-3))));
    const shares = new ScoreLabeller(recipeOf(size, 1), size, 'probabilities').label(volume([0.2, 0.92, 0.4, 0.6]));
    assert.deepEqual([...shares.labels], [0, 1, 0, 1]);
    assert.deepEqual([...shares.confidence!], [204, 235, 153, 153]);
  });

  it('leaves pixels unlabeled that are too uncertain, and gives no confidence where none is wanted', () => {
    const size = { width: 4, height: 1 };
    const data = Float32Array.from([0, 0, 0, 5, 0.1, 5, -5, 0]);
    const volume: ScoreVolume = { data, width: 4, height: 1, channels: 2, layout: 'CHW' };
    const { labels } = new ScoreLabeller(recipeOf(size, 2, { unlabeledBelow: 0.6 }), size, 'logits').label(volume);
    assert.deepEqual([...labels], [UNLABELED, 1, 0, 0]);
    const none = new ScoreLabeller(recipeOf(size, 2, { confidence: 'none' }), size, 'logits').label(volume);
    assert.deepEqual([[...none.labels], none.confidence], [[1, 1, 0, 0], undefined]);
  });

  it('refuses scores that are not numbers', () => {
    const size = { width: 4, height: 1 };
    const data = new Float32Array(8).fill(Number.NaN, 2, 3).fill(Number.NaN, 6, 7);
    const volume: ScoreVolume = { data, width: 4, height: 1, channels: 2, layout: 'CHW' };
    const labeller = new ScoreLabeller(recipeOf(size, 2), size, 'logits');
    assert.throws(() => labeller.label(volume), /scores that are not numbers \(NaN\) on 1 of 4 pixels/);
  });

  it('is compiled from the source beside it', () => {
    const source = readFileSync(join(projectRoot, 'src', 'model', 'whole', 'kernel', 'scores.as'));
    assert.equal(SOURCE_SHA256, createHash('sha256').update(source).digest('hex'), 'run `npm run kernel`');
  });

  describe('lays the mask on the grid of the camera', () => {
    /** Class 1 in one column and one line of the network's input, class 0 elsewhere. */
    const marked = (size: { width: number; height: number }, column: number, line: number): ScoreVolume => {
      const { width, height } = size;
      const data = new Float32Array(2 * width * height);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) data[width * height + y * width + x] = x === column || y === line ? 1 : -1;
      }
      return { data, width, height, channels: 2, layout: 'CHW' };
    };

    it('without the bars of a letterbox', () => {
      const size = { width: 64, height: 64 };
      const grid = gridFor('letterbox', size, { width: 1280, height: 720 });
      assert.deepEqual(grid, { width: 64, height: 36 });
      const labeller = new ScoreLabeller(recipeOf(size, 2, { fit: 'letterbox' }), grid, 'logits');
      // 64 - 36 = 28 lines of bars: line 20 of the input is line 6 of the picture.
      const { labels } = labeller.label(marked(size, 10, 20));
      for (let y = 0; y < 36; y++) {
        for (let x = 0; x < 64; x++) assert.equal(labels[y * 64 + x], x === 10 || y === 6 ? 1 : 0, `${x},${y}`);
      }
    });

    it('with unlabeled pixels where a crop has cut', () => {
      const size = { width: 32, height: 32 };
      const grid = gridFor('crop', size, { width: 640, height: 480 });
      assert.deepEqual(grid, { width: 43, height: 32 });
      const labeller = new ScoreLabeller(recipeOf(size, 2, { fit: 'crop' }), grid, 'logits');
      const { labels, confidence } = labeller.label(marked(size, 0, 31));
      // (32 - 43) / 2 rounds down to -6: columns 6 to 37 of the picture are seen.
      for (let y = 0; y < 32; y++) {
        for (let x = 0; x < 43; x++) {
          const expected = x < 6 || x > 37 ? UNLABELED : x === 6 || y === 31 ? 1 : 0;
          assert.equal(labels[y * 43 + x], expected, `${x},${y}`);
          if (expected === UNLABELED) assert.equal(confidence![y * 43 + x], 0);
        }
      }
    });
  });
});
